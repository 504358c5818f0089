#include "config/env_file.hpp"
#include "config/support.hpp"

namespace mooring::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

TEST(ForeignKeys, type_is_read_as_transport) {
  EXPECT_EQ(server_of("{url: \"http://h\", type: http}").config.transport, TransportKind::http);
  EXPECT_EQ(server_of("{url: \"http://h\", type: sse}").config.transport, TransportKind::sse);
  EXPECT_EQ(server_of("{command: x, type: stdio}").config.transport, TransportKind::stdio);
  for (const std::string type : {"streamable-http", "streamableHttp"}) {
    EXPECT_EQ(
        server_of("{url: \"http://h\", type: " + type + "}").config.transport, TransportKind::http
    );
  }
  const auto both = server_of("{url: \"http://h\", type: sse, transport: http}");
  EXPECT_EQ(both.config.transport, TransportKind::http);
  EXPECT_THAT(both.notes, ElementsAre(HasSubstr("type is ignored")));
  EXPECT_THAT(
      error_of(server_of("{url: \"http://h\", type: smoke}")), HasSubstr("type: one of auto, http")
  );
}

TEST(ForeignKeys, disabled) {
  EXPECT_FALSE(server_of("{command: x, disabled: true}").config.enabled);
  EXPECT_TRUE(server_of("{command: x, disabled: \"no\"}").config.enabled);
  const auto both = server_of("{command: x, disabled: true, enabled: true}");
  EXPECT_TRUE(both.config.enabled);
  EXPECT_THAT(both.notes, ElementsAre(HasSubstr("disabled is ignored")));
  EXPECT_THAT(
      server_of("{command: x, disabled: perhaps}").notes,
      ElementsAre(HasSubstr("neither true nor false"))
  );
}

TEST(ForeignKeys, server_url) {
  EXPECT_EQ(server_of("{serverUrl: \"http://h/x\"}").config.url, "http://h/x");
  const auto both = server_of("{serverUrl: \"http://h/x\", url: \"http://h/y\"}");
  EXPECT_EQ(both.config.url, "http://h/y");
  EXPECT_THAT(both.notes, ElementsAre(HasSubstr("serverUrl is ignored")));
  EXPECT_THAT(error_of(server_of("{serverUrl: \"${NO}\"}")), HasSubstr("${NO} is not set"));
}

TEST(ForeignKeys, approvals_and_inputs_are_ignored_with_a_note) {
  const auto entry = server_of("{command: x, autoApprove: [a], alwaysAllow: [b], inputs: []}");
  EXPECT_EQ(error_of(entry), "");
  EXPECT_THAT(
      entry.notes, ElementsAre(
                       HasSubstr("autoApprove is ignored: approval is the client's business"),
                       HasSubstr("alwaysAllow is ignored"), HasSubstr("inputs is ignored")
                   )
  );
}

TEST(ForeignKeys, a_file_of_vs_code) {
  const Config config = parsed(R"({
  "inputs": [{ "type": "promptString", "id": "key", "description": "A key", "password": true }],
  "servers": {
    "asks": { "type": "stdio", "command": "x", "env": { "KEY": "${input:key}" } },
    "plain": { "type": "http", "url": "https://h.example/mcp" }
  }
})");
  ASSERT_EQ(config.servers.size(), 2U);
  EXPECT_EQ(
      error_of(config.servers[0]),
      "mooring.yaml:4:64: server \"asks\": env: ${input:key} is asked for by an editor, which "
      "Mooring "
      "cannot do; use an environment variable such as ${TOKEN} instead"
  );
  EXPECT_EQ(error_of(config.servers[1]), "");
  EXPECT_THAT(config.warnings, ElementsAre(HasSubstr("mooring.yaml:2:13: inputs is ignored")));
}

TEST(ForeignKeys, one_name_in_both_maps) {
  const Config config =
      parsed("mcpServers: {a: {command: x}}\nservers: {a: {command: y}, b: {command: z}}\n");
  ASSERT_EQ(config.servers.size(), 3U);
  EXPECT_EQ(error_of(config.servers[0]), "");
  EXPECT_THAT(error_of(config.servers[1]), HasSubstr("cannot be told from \"a\""));
  EXPECT_EQ(config.find("a")->config.command, "x");
}

TEST(EnvFile, lines) {
  const auto lines = parse_env_file(
      "\xEF\xBB\xBF# comment\n\nA=1\nexport B = two words  # note\r\nC=\"x\\n\\\"y\\\" # in\" # "
      "out\nD='a\\nb'\nE=\nF=a#b"
  );
  ASSERT_TRUE(lines);
  EXPECT_THAT(
      *lines, ElementsAre(
                  Pair("A", "1"), Pair("B", "two words"), Pair("C", "x\n\"y\" # in"),
                  Pair("D", "a\\nb"), Pair("E", ""), Pair("F", "a#b")
              )
  );
  EXPECT_EQ(parse_env_file("A=1\nno line").error(), "line 2 is not KEY=VALUE");
  EXPECT_EQ(parse_env_file("1A=1").error(), "line 1 is not KEY=VALUE");
  EXPECT_THAT(parse_env_file("A=\"x").error(), HasSubstr("line 1: a quote is never closed"));
  EXPECT_THAT(parse_env_file("A='x' y").error(), HasSubstr("after the closing quote"));
  EXPECT_THAT(*parse_env_file(""), IsEmpty());
}

using EnvFileOnDisk = ConfigFiles;

TEST_F(EnvFileOnDisk, is_read_relative_to_the_configuration) {
  write("vars/.env", "A=file\nB=file\n");
  const auto path =
      write("mooring.yaml", "mcpServers:\n  it: {command: x, envFile: vars/.env, env: {B: own}}\n");
  const auto config = load({path}, env_of({}));
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_EQ(error_of(config->servers[0]), "");
  EXPECT_THAT(config->servers[0].config.env, ElementsAre(Pair("A", "file"), Pair("B", "own")));
  EXPECT_THAT(config->files, ElementsAre(path, directory_ / "vars/.env"));
}

TEST_F(EnvFileOnDisk, that_is_missing_fails_its_server) {
  const auto path = write(
      "mooring.yaml", "mcpServers:\n  it: {command: x, envFile: nowhere}\n  ok: {command: x}\n"
  );
  const auto config = load({path}, env_of({}));
  ASSERT_TRUE(config);
  EXPECT_THAT(error_of(config->servers[0]), HasSubstr("nowhere"));
  EXPECT_EQ(error_of(config->servers[1]), "");
}

}  // namespace
}  // namespace mooring::config
