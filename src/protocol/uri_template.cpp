#include <cstddef>
#include <string_view>
#include <vector>

#include "protocol/names.hpp"

namespace mooring::protocol {
namespace {

/// One `{…}` of a template: what its expansion begins with, and what may follow.
struct Expression {
  char lead = '\0';  ///< '#', '.', '/', ';', '?' or '&'; only there when a variable is defined
  bool any = false;  ///< reserved expansion: every character may come
  bool crosses_slash = false;  ///< path segments, exploded or several
};

Expression parse_expression(std::string_view inner) {
  Expression out;
  if (inner.empty()) return out;
  switch (inner.front()) {
    case '+':
      out.any = true;
      break;
    case '#':
      out.lead = '#';
      out.any = true;
      break;
    case '/':
      out.lead = '/';
      out.crosses_slash = inner.find_first_of(",*") != std::string_view::npos;
      break;
    case '.':
    case ';':
      out.lead = inner.front();
      break;
    case '?':
    case '&':
      out.lead = inner.front();
      out.crosses_slash = true;  // servers and clients do not encode it in a query
      break;
    default:
      break;
  }
  return out;
}

bool may_contain(const Expression& expression, char c) {
  if (expression.any) return true;
  if (c == '/') return expression.crosses_slash;
  return c != '?' && c != '#';
}

/// Which prefixes of the URI the template read so far can produce: one flag for each length. No
/// backtracking, so that no template takes more than its length times that of the URI.
using Reached = std::vector<bool>;

Reached after_literal(const Reached& before, std::string_view uri, std::string_view literal) {
  Reached after(before.size(), false);
  for (std::size_t i = 0; i + literal.size() < before.size(); ++i) {
    if (before[i] && uri.substr(i, literal.size()) == literal) after[i + literal.size()] = true;
  }
  return after;
}

Reached after_expression(
    const Reached& before, std::string_view uri, const Expression& expression
) {
  Reached after = before;  // nothing defined expands to nothing
  bool running = false;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (running) after[i] = true;
    if (i == uri.size()) break;
    const bool starts = before[i] && (expression.lead == '\0' || uri[i] == expression.lead);
    const bool goes_on = running && may_contain(expression, uri[i]);
    running = goes_on || (starts && (expression.lead != '\0' || may_contain(expression, uri[i])));
  }
  return after;
}

}  // namespace

bool matches_uri_template(std::string_view uri_template, std::string_view uri) {
  Reached reached(uri.size() + 1, false);
  reached[0] = true;
  while (!uri_template.empty()) {
    const std::size_t open = uri_template.find('{');
    if (open != 0) {
      reached = after_literal(reached, uri, uri_template.substr(0, open));
      if (open == std::string_view::npos) break;
      uri_template.remove_prefix(open);
    }
    const std::size_t close = uri_template.find('}');
    if (close == std::string_view::npos) return false;
    reached = after_expression(reached, uri, parse_expression(uri_template.substr(1, close - 1)));
    uri_template.remove_prefix(close + 1);
  }
  return reached[uri.size()];
}

}  // namespace mooring::protocol
