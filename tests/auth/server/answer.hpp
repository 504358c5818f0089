#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/exchange.hpp"

namespace mooring::test_auth {

namespace json = boost::json;

/// The fields of a query or a form, as RFC 6749 §3 wants them: each at most once.
class Form {
 public:
  Form() = default;
  explicit Form(std::string_view encoded);

  /// Empty where absent.
  std::string operator[](std::string_view name) const;
  bool has(std::string_view name) const;
  /// A field came twice; `resource` may (RFC 8707 §2).
  bool repeats() const;
  const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// The query of "/path?query"; empty: none.
std::string_view query_of(std::string_view target);
/// The first header of this name; empty: none.
std::string header(const auth::Request& request, std::string_view name);
std::size_t headers_named(const auth::Request& request, std::string_view name);

auth::Reply answer(int status, std::string body = {}, auth::Headers headers = {});
auth::Reply json_answer(int status, const json::object& body, auth::Headers headers = {});
/// RFC 6749 §5.2.
auth::Reply refusal(std::string_view code, std::string_view why, int status = 400);

/// A JSON object, or nothing that has members.
json::object parse_object(std::string_view text);
/// A member that is text; empty where it is not.
std::string text(const json::object& from, std::string_view name);
json::array texts(const std::vector<std::string>& all);

}  // namespace mooring::test_auth
