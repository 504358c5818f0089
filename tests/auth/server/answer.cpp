#include "auth/server/answer.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <set>

namespace mooring::test_auth {

namespace {

bool same_name(std::string_view one, std::string_view other) {
  constexpr auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  };
  return std::ranges::equal(one, other, {}, lower, lower);
}

}  // namespace

Form::Form(std::string_view encoded) : fields_(auth::form_decode(encoded)) {}

std::string Form::operator[](std::string_view name) const {
  for (const auto& [key, value] : fields_) {
    if (key == name) return value;
  }
  return {};
}

bool Form::has(std::string_view name) const {
  return std::ranges::any_of(fields_, [&](const auto& field) { return field.first == name; });
}

bool Form::repeats() const {
  std::set<std::string_view> seen;
  return std::ranges::any_of(fields_, [&](const auto& field) {
    return field.first != "resource" && !seen.insert(field.first).second;
  });
}

std::string_view query_of(std::string_view target) {
  const auto mark = target.find('?');
  return mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
}

std::string header(const auth::Request& request, std::string_view name) {
  for (const auto& [key, value] : request.headers) {
    if (same_name(key, name)) return value;
  }
  return {};
}

std::size_t headers_named(const auth::Request& request, std::string_view name) {
  return static_cast<std::size_t>(std::ranges::count_if(request.headers, [&](const auto& each) {
    return same_name(each.first, name);
  }));
}

auth::Reply answer(int status, std::string body, auth::Headers headers) {
  auth::Reply reply;
  reply.status = status;
  reply.headers = std::move(headers);
  reply.body = std::move(body);
  return reply;
}

auth::Reply json_answer(int status, const json::object& body, auth::Headers headers) {
  headers.emplace_back("Content-Type", "application/json");
  headers.emplace_back("Cache-Control", "no-store");
  return answer(status, json::serialize(body), std::move(headers));
}

auth::Reply refusal(std::string_view code, std::string_view why, int status) {
  return json_answer(
      status, {{"error", std::string(code)}, {"error_description", std::string(why)}}
  );
}

json::object parse_object(std::string_view raw) {
  boost::system::error_code error;
  auto value = json::parse(json::string_view(raw.data(), raw.size()), error);
  return !error && value.is_object() ? std::move(value.get_object()) : json::object();
}

std::string text(const json::object& from, std::string_view name) {
  const auto* value = from.if_contains(json::string_view(name.data(), name.size()));
  const auto* found = value == nullptr ? nullptr : value->if_string();
  return found == nullptr ? std::string() : std::string(found->data(), found->size());
}

json::array texts(const std::vector<std::string>& all) {
  // Parentheses: braces would make it an array of two iterators.
  return json::array(all.begin(), all.end());
}

}  // namespace mooring::test_auth
