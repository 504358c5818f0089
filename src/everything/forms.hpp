#pragma once

#include <string>
#include <string_view>

/// What the user is asked with elicitation/create, and what comes back.
namespace mooring::everything {

/// Raw params for a form with one field. The texts need no escaping; `type` is JSON Schema's.
std::string form(std::string_view message, std::string_view field, std::string_view type);

/// The text of a field of an accepted form; empty: it was declined, or the field is missing.
std::string field_of(std::string_view result, std::string_view field);

/// True where the form was accepted and the field says yes.
bool agreed(std::string_view result, std::string_view field);

}  // namespace mooring::everything
