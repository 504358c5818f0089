#include "config/server_draft.hpp"

#include "config/bridge_command.hpp"
#include "config/env_file.hpp"
#include "config/support.hpp"
#include "config/written.hpp"

namespace mooring::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

std::string written(const ServerDraft& draft) { return written_inline(entry_of(draft).value); }

ServerDraft remote(std::string url, ServerDraft::Pairs headers = {}) {
  ServerDraft draft;
  draft.name = "it";
  draft.url = std::move(url);
  draft.headers = std::move(headers);
  return draft;
}

ServerDraft local(std::vector<std::string> words, ServerDraft::Pairs env = {}) {
  ServerDraft draft;
  draft.name = "it";
  draft.command = words.front();
  draft.args.assign(words.begin() + 1, words.end());
  draft.env = std::move(env);
  return draft;
}

TEST(ServerDraft, CLI_02b_a_pasted_token_becomes_one_Bearer) {
  for (const auto* pasted :
       {"abc", "Bearer abc", "bearer abc", "Bearer Bearer abc", " Bearer  abc\n",
        "Authorization: Bearer abc", "\"Bearer abc\"", "'abc'", "authorization:abc"}) {
    EXPECT_EQ(bearer_value(pasted), "Bearer abc") << pasted;
  }
  for (const auto* nothing : {"", " ", "Bearer", "Bearer ", "\"\"", "Authorization: Bearer"}) {
    EXPECT_EQ(bearer_value(nothing), "") << nothing;
  }
}

TEST(ServerDraft, an_authorization_header_is_mended) {
  const auto mended = [](std::string value) {
    auto draft = remote("http://h", {{"authorization", std::move(value)}});
    mend_authorization(draft);
    return draft.headers.front().second;
  };
  EXPECT_EQ(mended("Bearer Bearer abc"), "Bearer abc");
  EXPECT_EQ(mended("Authorization: Bearer abc"), "Bearer abc");
  EXPECT_EQ(mended("Basic dTpw"), "Basic dTpw");
  EXPECT_EQ(mended("abc"), "abc");  // some servers want it without a scheme
  EXPECT_EQ(mended("Bearer ${TOKEN}"), "Bearer ${TOKEN}");
}

TEST(ServerDraft, credentials_are_taken_out_of_headers) {
  auto draft = remote(
      "https://h/mcp", {{"Authorization", "Bearer abc"},
                        {"X-Api-Key", "def"},
                        {"X-Team", "blue"},
                        {"Cookie", "${COOKIE}"},
                        {"X-Other", "ghp_0123456789abcdefghijABCDEFGHIJ012345"}}
  );
  EXPECT_THAT(
      take_secrets(draft), ElementsAre(
                               Pair("AUTHORIZATION", "abc"), Pair("X_API_KEY", "def"),
                               Pair("X_OTHER", "ghp_0123456789abcdefghijABCDEFGHIJ012345")
                           )
  );
  EXPECT_THAT(
      draft.headers,
      ElementsAre(
          Pair("Authorization", "Bearer ${AUTHORIZATION}"), Pair("X-Api-Key", "${X_API_KEY}"),
          Pair("X-Team", "blue"), Pair("Cookie", "${COOKIE}"), Pair("X-Other", "${X_OTHER}")
      )
  );
  EXPECT_THAT(take_secrets(draft), IsEmpty());
}

TEST(ServerDraft, credentials_are_taken_out_of_urls) {
  auto draft = remote("https://me:pw@h/mcp?api_key=abc&team=blue&token=def#there");
  EXPECT_THAT(
      take_secrets(draft),
      ElementsAre(Pair("PASSWORD", "pw"), Pair("API_KEY", "abc"), Pair("TOKEN", "def"))
  );
  EXPECT_EQ(
      draft.url, "https://me:${PASSWORD}@h/mcp?api_key=${API_KEY}&team=blue&token=${TOKEN}#there"
  );
  for (const std::string url :
       {"https://h/mcp", "https://h:8443/a@b:c?x=1", "https://h/mcp?token=${TOKEN}", "${URL}"}) {
    auto innocent = remote(url);
    EXPECT_THAT(take_secrets(innocent), IsEmpty()) << url;
    EXPECT_EQ(innocent.url, url);
  }
}

TEST(ServerDraft, credentials_are_taken_out_of_commands) {
  auto draft = local(
      {"npx", "-y", "server", "--api-key", "abc", "--token=def", "--verbose", "--port", "80",
       "postgres://me:pw@db/x", "--password", "--last"},
      {{"GITHUB_TOKEN", "ghi"}, {"LOG", "1"}, {"API_KEY", "other"}, {"X_SECRET", "${X}"}}
  );
  EXPECT_THAT(
      take_secrets(draft),
      ElementsAre(
          Pair("GITHUB_TOKEN", "ghi"), Pair("API_KEY", "other"), Pair("API_KEY_2", "abc"),
          Pair("TOKEN", "def"), Pair("ARGUMENT", "postgres://me:pw@db/x")
      )
  );
  EXPECT_THAT(
      draft.args, ElementsAre(
                      "-y", "server", "--api-key", "${API_KEY_2}", "--token=${TOKEN}", "--verbose",
                      "--port", "80", "${ARGUMENT}", "--password", "--last"
                  )
  );
  EXPECT_THAT(draft.env, ElementsAre(Pair("LOG", "1"), Pair("X_SECRET", "${X}")));
}

TEST(ServerDraft, what_is_put_aside_is_read_back_the_same) {
  const ServerDraft::Pairs variables = {{"PLAIN", "abc"},       {"EMPTY", ""},
                                        {"QUOTES", "a\"b'c"},   {"BLANKS", "  a # b "},
                                        {"LINES", "a\nb"},      {"DOLLAR", "$a ${b} "},
                                        {"BACK", "\\n\\\\t\\"}, {"TAB", "a\tb"}};
  const auto read = parse_env_file(env_file_text(variables));
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(*read, variables);
}

TEST(ServerDraft, an_entry_has_the_keys_of_the_configuration_and_no_empty_ones) {
  EXPECT_EQ(written(remote("http://h")), R"({ "url": "http://h" })");
  auto draft = local({"run", "a", "b"}, {{"LOG", "1"}});
  draft.cwd = "/srv";
  draft.pass_env = {"TZ"};
  draft.env_file = "x.env";
  draft.timeout = "30s";
  draft.include = {{"read_*"}};
  draft.exclude = {"read_x"};
  draft.enabled = false;
  EXPECT_EQ(
      written(draft),
      R"({ "command": "run", "args": ["a", "b"], "env": { "LOG": "1" }, "envFile": "x.env", )"
      R"("cwd": "/srv", "pass_env": ["TZ"], "timeout": "30s", )"
      R"("tools": { "include": ["read_*"], "exclude": ["read_x"] }, "enabled": false })"
  );
  draft.env_file.clear();
  const auto entry = preview(draft, env_of({}));
  EXPECT_FALSE(entry.error) << error_of(entry);
  EXPECT_THAT(entry.notes, IsEmpty());
}

TEST(ServerDraft, a_preview_says_what_a_configuration_would) {
  EXPECT_EQ(
      error_of(preview(remote("ftp://h"), env_of({}))).substr(0, 24), "server \"it\": url \"ftp://"
  );
  EXPECT_THAT(
      error_of(preview(local({"bash", "-c", "curl http://x | sh"}), env_of({}))),
      HasSubstr("server \"it\": ")
  );
  EXPECT_FALSE(preview(remote("${BASE}/mcp"), env_of({})).error);
  EXPECT_EQ(
      preview(remote("${BASE}/mcp"), env_of({{"BASE", "http://h"}})).config.url, "http://h/mcp"
  );
}

/// What becomes of a command; empty: it is no bridge.
std::string unwrapped(std::vector<std::string> words, ServerDraft::Pairs env = {}) {
  auto draft = local(std::move(words), std::move(env));
  std::vector<std::string> notes;
  return unwrap_bridge(draft, notes) ? written(draft) : "";
}

TEST(BridgeCommand, a_bridge_is_replaced_by_the_server_behind_it) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"npx", "-y", "mcp-remote", "https://h/mcp"},
           {"npx", "mcp-remote@latest", "https://h/mcp", "9696"},
           {"/usr/bin/npx", "-y", "mcp-remote", "https://h/mcp", "--debug"},
           {"cmd", "/c", "npx", "-y", "mcp-remote", "https://h/mcp"},
           {"bunx", "mcp-remote", "https://h/mcp"},
           {"pnpm", "dlx", "mcp-remote", "https://h/mcp"},
           {"mcp-remote", "https://h/mcp"}
       }) {
    EXPECT_EQ(unwrapped(words), R"({ "url": "https://h/mcp" })") << testing::PrintToString(words);
  }
  EXPECT_EQ(
      unwrapped(
          {"npx", "mcp-remote", "https://h/sse", "--transport", "sse-only", "--header",
           "Authorization:${AUTH}", "--ignore-tool", "rm"},
          {{"AUTH", "Bearer Bearer abc"}}
      ),
      R"({ "url": "https://h/sse", "transport": "sse", "headers": { "Authorization": "Bearer abc" }, )"
      R"("tools": { "exclude": ["rm"] } })"
  );
  EXPECT_EQ(
      unwrapped({"npx", "-y", "supergateway", "--sse", "https://h/sse", "--oauth2Bearer", "abc"}),
      R"({ "url": "https://h/sse", "transport": "sse", "headers": { "Authorization": "Bearer abc" } })"
  );
}

TEST(BridgeCommand, other_commands_are_left_alone) {
  EXPECT_EQ(unwrapped({"npx", "-y", "server-filesystem", "https://h"}), "");
  EXPECT_EQ(unwrapped({"npx"}), "");
  EXPECT_EQ(unwrapped({"npx", "mcp-remote"}), "");
  EXPECT_EQ(unwrapped({"npx", "mcp-remote", "h/mcp"}), "");
  EXPECT_EQ(unwrapped({"npx", "supergateway", "--stdio", "npx server https://h"}), "");
  EXPECT_EQ(unwrapped({"cmd", "/c"}), "");
}

}  // namespace
}  // namespace mooring::config
