#include "config/support.hpp"
#include "core/redact.hpp"

namespace mooring::config {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string seen(const std::string& text) { return core::redact("<<" + text + ">>"); }

TEST(Secrets, values_of_headers_are_hidden) {
  server_of(
      R"({url: "http://h", headers: {X-Api-Key: plainheader1, Authorization: "Bearer plainheader2", X-Trace: innocent1}})"
  );
  EXPECT_THAT(seen("plainheader1"), Not(HasSubstr("plainheader1")));
  EXPECT_THAT(seen("plainheader2"), Not(HasSubstr("plainheader2")));
  EXPECT_THAT(seen("innocent1"), HasSubstr("innocent1"));
}

TEST(Secrets, values_of_variables_are_hidden_where_secrets_stand) {
  server_of(
      R"({url: "http://h", headers: {X-Trace: "${SOME_VALUE}"}})", {{"SOME_VALUE", "variable-one"}}
  );
  server_of(
      R"({command: x, env: {A: "${OTHER}", B: "${HOME}/data"}})",
      {{"OTHER", "variable-two"}, {"HOME", "/home/someone"}}
  );
  server_of(
      R"({command: x, args: ["${SERVICE_TOKEN}", "${REGION}"]})",
      {{"SERVICE_TOKEN", "variable-three"}, {"REGION", "eu-central"}}
  );
  for (const std::string secret : {"variable-one", "variable-two", "variable-three"}) {
    EXPECT_THAT(seen(secret), Not(HasSubstr(secret)));
  }
  EXPECT_THAT(seen("/home/someone"), HasSubstr("/home/someone"));
  EXPECT_THAT(seen("eu-central"), HasSubstr("eu-central"));
}

TEST(Secrets, the_name_of_a_variable_that_is_not_set_is_told) {
  const auto entry = server_of(
      R"({url: "http://h", headers: {X-Api-Key: "${NO_SUCH_ONE}", Authorization: "Bearer ${NO_SUCH_TOKEN}"}})"
  );
  EXPECT_THAT(core::redact(error_of(entry)), HasSubstr("${NO_SUCH_ONE} is not set"));
  EXPECT_THAT(seen("${NO_SUCH_TOKEN} is"), HasSubstr("${NO_SUCH_TOKEN} is"));
}

TEST(Secrets, gateway_tokens_are_hidden) {
  parsed("gateway: {auth: {token: gateway-token-0123}}");
  EXPECT_THAT(seen("gateway-token-0123"), Not(HasSubstr("gateway-token-0123")));
}

TEST(Secrets, passwords_in_urls_are_not_quoted) {
  const auto entry = server_of("{url: \"ftp://me:hunter22@h/\"}");
  EXPECT_THAT(error_of(entry), Not(HasSubstr("hunter22")));
}

}  // namespace
}  // namespace mooring::config
