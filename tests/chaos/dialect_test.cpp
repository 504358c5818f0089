#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <set>
#include <string>

#include "chaos/expiry_dialect.hpp"

namespace mooring::chaos {
namespace {

/// The JSON of a body, taken out of its SSE frame where it has one.
std::string payload(const ExpiryForm& form) {
  auto body = fill_in(form.body, "7", "s-1");
  constexpr std::string_view frame = "event: message\ndata: ";
  if (!body.starts_with(frame)) return body;
  EXPECT_TRUE(body.ends_with("\n\n"));
  return body.substr(frame.size());
}

TEST(ExpiryDialect, names_are_unique_and_found) {
  std::set<std::string_view> names;
  for (const auto& dialect : expiry_dialects()) {
    EXPECT_TRUE(names.insert(dialect.name).second) << dialect.name;
    EXPECT_EQ(find_expiry_dialect(dialect.name), &dialect);
    EXPECT_FALSE(dialect.source.empty());
  }
  EXPECT_GE(names.size(), 14U);
  EXPECT_EQ(find_expiry_dialect("no-such"), nullptr);
}

TEST(ExpiryDialect, bodies_that_look_like_json_are_json) {
  for (const auto& dialect : expiry_dialects()) {
    for (const auto* form : {&dialect.post, &dialect.get, &dialect.del}) {
      auto body = payload(*form);
      if (!body.starts_with('{')) continue;
      boost::system::error_code error;
      boost::json::parse(body, error);
      EXPECT_FALSE(error) << dialect.name << ": " << body;
      EXPECT_EQ(body.find('$'), std::string::npos) << dialect.name;
    }
  }
}

struct Expected {
  std::string_view name;
  int post;
  int get;
  int del;
  std::string_view in_post;
};

class ExpiryForms : public testing::TestWithParam<Expected> {};

TEST_P(ExpiryForms, have_the_status_and_text_of_their_server) {
  const auto& want = GetParam();
  const auto* dialect = find_expiry_dialect(want.name);
  ASSERT_NE(dialect, nullptr);
  EXPECT_EQ(form_for(*dialect, "POST").status, want.post);
  EXPECT_EQ(form_for(*dialect, "GET").status, want.get);
  EXPECT_EQ(form_for(*dialect, "DELETE").status, want.del);
  auto body = fill_in(dialect->post.body, "7", "s-1");
  EXPECT_NE(body.find(want.in_post), std::string::npos) << body;
}

INSTANTIATE_TEST_SUITE_P(
    All, ExpiryForms,
    testing::Values(
        Expected{"ts-404", 404, 404, 404, R"("id":null)"},
        Expected{"ts-400-not-initialized", 400, 400, 400, "Server not initialized"},
        Expected{"ts-400-no-valid-session", 400, 400, 400, "No valid session ID provided"},
        Expected{"python-404", 404, 404, 404, R"("id":"server-error")"},
        Expected{"python-400-text", 400, 400, 400, "Bad Request: No valid session ID provided"},
        Expected{"python-200-32602", 200, 200, 200, R"("id":7,"error":{"code":-32602)"},
        Expected{"go-404-text", 404, 404, 404, "session not found\n"},
        Expected{"mcp-go-400-text", 400, 200, 200, "Invalid session ID\n"},
        Expected{"csharp-404", 404, 404, 200, R"("id":7)"},
        Expected{"java-404-exception", 404, 404, 404, "Session not found: s-1"},
        Expected{"kotlin-404", 404, 404, 404, "-32001"},
        Expected{"rmcp-401", 401, 401, 401, "Unauthorized: Session not found"},
        Expected{
            "wordpress-200-32602", 200, 405, 200, "Invalid params: Invalid or expired session"
        },
        Expected{"wordpress-404-32005", 404, 404, 404, "-32005"},
        Expected{"php-200-sse", 200, 404, 404, "event: message\ndata: "},
        Expected{"ruby-404", 404, 404, 404, "-32600"},
        Expected{
            "anubis-400-nested", 400, 400, 400, R"("data":{"message":"Server not initialized"})"
        },
        Expected{"html-404", 404, 404, 404, "nginx"}, Expected{"empty-404", 404, 404, 404, ""},
        Expected{"503-neotoma", 503, 503, 503, "unknown or expired on this API instance"}
    ),
    [](const auto& info) {
      std::string name(info.param.name);
      for (auto& c : name) {
        if (c == '-') c = '_';
      }
      return name;
    }
);

TEST(ExpiryDialect, placeholders) {
  EXPECT_EQ(fill_in(R"({"id":$ID})", "", "s"), R"({"id":null})");
  EXPECT_EQ(fill_in(R"({"id":$ID})", R"("a")", "s"), R"({"id":"a"})");
  EXPECT_EQ(fill_in(R"("$SESSION, $SESSION")", "", R"(a"b)"), R"("a\"b, a\"b")");
}

}  // namespace
}  // namespace mooring::chaos
