#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/front.hpp"

/// What servers of one era answer, for clients of the other. Raw responses in and out; pure.
namespace mooring::gateway {

/// A legacy server's response for a modern client: members and codes that mean something in the
/// modern era only mean nothing there. `elicits`: it may ask for input.
std::string legacy_for_modern(std::string response, bool elicits);

/// A modern server's response for a modern client: what it says of the way between us and the
/// server is nothing to the client, nor what it misses where the client has it.
std::string modern_for_modern(std::string response, const ClientSession& client);

/// A modern server's response for a legacy client: without `resultType` and advice to caches;
/// structured content that is no object, which that era does not know, is left to the text beside
/// it.
std::string modern_for_legacy(std::string response, std::string_view method);

/// A raw result of tools/list that modern servers had a share in, for a legacy client: without
/// output schemas of anything but objects, for which many of them refuse the whole list.
std::string tools_for_legacy(std::string result);
/// The same of one definition; nothing where it may stay.
std::optional<std::string> tool_for_legacy(std::string_view tool);

}  // namespace mooring::gateway
