// add and remove: what they make of a file, and what they leave alone when something is in the way.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "config/config.hpp"
#include "support.hpp"

namespace mooring::cli {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view commented = R"(# ours
mcpServers:
  # the one
  one: { url: "http://127.0.0.1:1/mcp" }  # of one
gateway:
  listen: 127.0.0.1:0
)";

class Edit : public Cli {
 protected:
  void SetUp() override { fs::permissions(directory.path(), fs::perms(0755)); }

  std::string yaml() const { return (directory.path() / "mooring.yaml").string(); }

  /// `mooring COMMAND --config mooring.yaml … ARGUMENTS`, so that they may end with `-- COMMAND`.
  std::vector<std::string> edit_words(std::vector<std::string> arguments) const {
    const std::vector<std::string> options = {"--config", yaml(), "--state-dir", state()};
    arguments.insert(arguments.begin() + 1, options.begin(), options.end());
    arguments.insert(arguments.begin(), MOORING);
    return arguments;
  }
  test::Ended edit(const std::vector<std::string>& arguments, std::string_view input = {}) const {
    return test::run(edit_words(arguments), home(), input);
  }
  /// The same below `prefix`, the words of another program.
  test::Ended edit_below(std::vector<std::string> prefix, const std::vector<std::string>& arguments)
      const {
    const auto words = edit_words(arguments);
    prefix.insert(prefix.end(), words.begin(), words.end());
    return test::run(prefix, home());
  }

  std::string write(const std::string& name, std::string_view text) const {
    const auto path = directory.path() / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path.string();
  }
  std::string read(const std::string& name) const {
    std::ifstream in(directory.path() / name);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }
  unsigned mode(const std::string& name) const {
    struct stat info{};
    EXPECT_EQ(::stat((directory.path() / name).c_str(), &info), 0) << name;
    return info.st_mode & 07777U;
  }
  /// Everything below the directory.
  std::set<std::string> files() const {
    std::set<std::string> all;
    for (const auto& entry : fs::recursive_directory_iterator(directory.path())) {
      all.insert(entry.path().lexically_relative(directory.path()).string());
    }
    return all;
  }

  /// What the configuration says of a server.
  UpstreamConfig configured(const std::string& name) const {
    const auto config = config::load({yaml()}, [](const std::string&) { return std::nullopt; });
    const auto* entry = config ? config->find(name) : nullptr;
    EXPECT_TRUE(entry != nullptr) << name << (config ? "" : config.error().detail);
    if (entry == nullptr) return {};
    EXPECT_FALSE(entry->error) << entry->error->detail;
    return entry->config;
  }

  /// A failure is one line on stderr, and changes nothing.
  void expect_refused(const test::Ended& ended, int status, const std::string& what) const {
    EXPECT_EQ(ended.status, status) << ended.err;
    EXPECT_EQ(ended.out, "");
    EXPECT_THAT(ended.err, AllOf(StartsWith("mooring: "), HasSubstr(what)));
    EXPECT_EQ(std::ranges::count(ended.err, '\n'), 1) << ended.err;
  }
};

TEST_F(Edit, add_keeps_what_is_there) {
  write("mooring.yaml", commented);
  fs::permissions(yaml(), fs::perms(0640));
  const auto ended = edit(
      {"add", "files", "--env", "LOG=1", "--env", "log=2", "--cwd", "/srv", "--", "server",
       "--root", "/srv"}
  );
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(ended.err, "");
  EXPECT_EQ(
      ended.out, "added files to " + yaml() + "\nno gateway is running; mooring serve --config " +
                     yaml() + " starts it\n"
  );
  EXPECT_EQ(read("mooring.yaml"), R"(# ours
mcpServers:
  # the one
  one: { url: "http://127.0.0.1:1/mcp" }  # of one
  files:
    command: server
    args: ["--root", "/srv"]
    env:
      LOG: "1"
      log: "2"
    cwd: /srv
gateway:
  listen: 127.0.0.1:0
)");
  EXPECT_EQ(mode("mooring.yaml"), 0640U);
  EXPECT_THAT(files(), ElementsAre("mooring.yaml"));
  EXPECT_EQ(edit({"remove", "files"}).status, 0);
  EXPECT_EQ(read("mooring.yaml"), commented);
}

TEST_F(Edit, CLI_02b_a_pasted_token_is_one_Bearer_and_stands_outside_the_configuration) {
  for (const std::vector<std::string>& how : std::vector<std::vector<std::string>>{
           {"--header", "Authorization: Bearer abcdef123"},
           {"--header", "Authorization: Bearer Bearer abcdef123"},
           {"--bearer", "abcdef123"},
           {"--bearer", "Bearer abcdef123"},
           {"--bearer", "-"},
       }) {
    write("mooring.yaml", "");
    auto words = std::vector<std::string>{"add", "it", "http://127.0.0.1:1/mcp", "--replace"};
    words.insert(words.end(), how.begin(), how.end());
    const auto ended = edit(words, "Bearer abcdef123\n");
    EXPECT_EQ(ended.status, 0) << ended.err;
    EXPECT_THAT(ended.out, HasSubstr("credentials are in " + directory.path().string()));
    EXPECT_THAT(ended.out + ended.err + read("mooring.yaml"), Not(HasSubstr("abcdef123")));
    EXPECT_THAT(
        configured("it").headers, ElementsAre(testing::Pair("Authorization", "Bearer abcdef123"))
    );
  }
  EXPECT_EQ(mode("mooring.secrets"), 0700U);
  EXPECT_EQ(mode("mooring.secrets/it.env"), 0600U);
  EXPECT_EQ(read("mooring.secrets/.gitignore"), "*\n");
}

TEST_F(Edit, the_credentials_of_a_replaced_or_removed_server_go_with_it) {
  const std::vector<std::string> add = {"add", "it", "http://127.0.0.1:1/mcp", "--bearer"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), add.begin(), add.end());
    return edit(more);
  };
  ASSERT_EQ(with({"first-token"}).status, 0);
  EXPECT_EQ(mode("mooring.yaml"), 0600U);
  expect_refused(with({"second-token"}), 1, "there is a server it already; --replace puts");
  EXPECT_EQ(read("mooring.secrets/it.env"), "AUTHORIZATION=\"first-token\"\n");
  ASSERT_EQ(with({"second-token", "--replace"}).status, 0);
  EXPECT_EQ(
      files(), (std::set<std::string>{
                   "mooring.secrets", "mooring.secrets/.gitignore", "mooring.secrets/it-2.env",
                   "mooring.yaml"
               })
  );
  EXPECT_EQ(configured("it").headers.front().second, "Bearer second-token");
  const auto removed = edit({"remove", "it"});
  EXPECT_THAT(removed.out, HasSubstr("took away "));
  EXPECT_FALSE(files().contains("mooring.secrets/it-2.env"));
}

TEST_F(Edit, remove_leaves_files_alone_that_are_not_its_own) {
  write("mine.env", "A=1\n");
  write(
      "mooring.yaml",
      "mcpServers:\n  a: { command: x, envFile: mine.env }\n"
      "  b: { command: x, envFile: mooring.secrets/../mine.env }\n"
      "  c: { command: x, envFile: mooring.secrets/shared.env }\n"
      "  d: { command: x, envFile: mooring.secrets/shared.env }\n"
  );
  write("mooring.secrets/shared.env", "B=1\n");
  for (const std::string name : {"a", "b", "c"}) EXPECT_EQ(edit({"remove", name}).status, 0);
  EXPECT_EQ(read("mine.env"), "A=1\n");
  EXPECT_EQ(read("mooring.secrets/shared.env"), "B=1\n");
}

TEST_F(Edit, remove_of_an_unknown_server_exits_3_and_names_the_nearest) {
  write("mooring.yaml", commented);
  expect_refused(
      edit({"remove", "on"}), 3, "there is no server on; did you mean one? (known: one)"
  );
  EXPECT_EQ(read("mooring.yaml"), commented);
  fs::remove(yaml());
  expect_refused(edit({"remove", "one"}), 3, "there is no server one; none is configured");
  EXPECT_TRUE(files().empty());
}

TEST_F(Edit, mistakes_are_refused_with_what_to_do) {
  write("mooring.yaml", commented);
  const std::vector<std::pair<std::vector<std::string>, std::string>> mistakes = {
      {{"a/b", "http://h"}, "the name \"a/b\" holds a '/'"},
      {{"", "http://h"}, "the name \"\" "},
      {{"x", "ftp://h"}, "use http or https"},
      {{"x", "mcp.example.com/mcp"}, "a URL begins with its scheme: https://mcp.example.com/mcp"},
      {{"x", "http://h", "more"}, "more is one word too many behind a URL"},
      {{"x", "http://h", "--env", "A=1"}, "a command takes --env and --cwd; a URL"},
      {{"x", "http://h", "--header", "nothing"}, "a --header reads 'Name: value'"},
      {{"x", "http://h", "--header", "a b: c"}, "server \"x\": "},
      {{"x", "http://h", "--bearer", "Bearer"}, "there is no token behind --bearer"},
      {{"x", "http://h", "--bearer", "-"}, "nothing is on stdin to be the token"},
      {{"x", "http://h", "--transport", "stdio"}, "--transport"},
      {{"x", "--header", "A: b", "--", "run"},
       "a URL takes --header, --transport and --bearer; a command"},
      {{"x", "--env", "A", "--", "run"}, "an --env reads NAME=VALUE"},
      {{"x", "http://h", "--header", "authorization: a", "--bearer", "b"}, "given twice"},
      {{"x", "--env", "A=1", "--env", "A=2", "--", "run"}, "A is given twice"},
      {{"x", "--", ""}, "neither url nor command is given"},
      {{"x", "run", "-y"}, "-y"},
      {{"x"}, "TARGET"},
      {{"x", "http://h", "--config", "other.yaml"}, "one --config names the file to change"},
  };
  for (const auto& [arguments, what] : mistakes) {
    auto words = arguments;
    words.insert(words.begin(), "add");
    expect_refused(edit(words), 2, what);
  }
  EXPECT_EQ(read("mooring.yaml"), commented);
  EXPECT_THAT(files(), ElementsAre("mooring.yaml"));
}

TEST_F(Edit, words_behind_dashes_are_the_servers_as_they_are) {
  ASSERT_EQ(edit({"add", "two", "--", "/bin/sh", "[a,b]", "--config", "%x", "--", "-v"}).status, 0);
  EXPECT_THAT(read("mooring.yaml"), HasSubstr(R"(["[a,b]", "--config", "%x", "--", "-v"])"));
  const auto both = edit({"add", "three", "http://127.0.0.1:1/mcp", "--", "/bin/sh"});
  EXPECT_EQ(both.status, 2) << both.err;
}

TEST_F(Edit, relative_paths_are_meant_from_here) {
  ASSERT_EQ(edit({"add", "x", "--cwd", "data", "--", "./run", "./argument"}).status, 0);
  const auto here = fs::current_path();
  EXPECT_EQ(configured("x").command, (here / "run").string());
  EXPECT_EQ(configured("x").cwd, (here / "data").string());
  EXPECT_THAT(configured("x").args, ElementsAre("./argument"));
}

TEST_F(Edit, CFG_04_a_downloaded_script_is_not_added) {
  const auto ended = edit({"add", "x", "--", "bash", "-c", "curl http://127.0.0.1:1/x | sh"});
  expect_refused(ended, 2, "server \"x\": ");
  EXPECT_TRUE(files().empty());
}

TEST_F(Edit, names_that_look_the_same_in_tool_names_are_refused) {
  ASSERT_EQ(edit({"add", "a b", "http://127.0.0.1:1"}).status, 0);
  expect_refused(edit({"add", "a_b", "http://127.0.0.1:1"}), 2, "cannot be told from a b");
}

TEST_F(Edit, what_only_the_gateway_can_know_is_no_mistake) {
  const auto unset = edit({"add", "x", "https://${MOORING_TEST_HOST}/mcp"});
  EXPECT_EQ(unset.status, 0);
  EXPECT_THAT(unset.err, AllOf(HasSubstr("warning: "), HasSubstr("MOORING_TEST_HOST} is not set")));
  const auto bridge = edit({"add", "y", "--", "npx", "-y", "mcp-remote", "https://127.0.0.1:1/x"});
  EXPECT_EQ(bridge.status, 0);
  EXPECT_THAT(bridge.err, HasSubstr("mooring add --replace y https://127.0.0.1:1/x connects"));
}

TEST_F(Edit, a_broken_configuration_is_left_alone) {
  for (const std::string_view broken :
       {"mcpServers:\n  a: [\n", "mcpServers: []\n", "{\"mcpServers\": {\"a\": {}, \"a\": {}}}",
        "- a\n", "\xff\n"}) {
    write("mooring.yaml", broken);
    expect_refused(edit({"add", "x", "http://127.0.0.1:1"}), 2, yaml() + ":");
    expect_refused(edit({"remove", "a"}), 2, yaml() + ":");
    EXPECT_EQ(read("mooring.yaml"), broken);
  }
}

TEST_F(Edit, one_broken_server_does_not_stop_another_from_being_added) {
  write("mooring.yaml", "mcpServers:\n  bad: { nonsense: 1 }\n");
  EXPECT_EQ(edit({"add", "good", "http://127.0.0.1:1"}).status, 0);
  EXPECT_EQ(configured("good").url, "http://127.0.0.1:1");
  EXPECT_EQ(edit({"remove", "bad"}).status, 0);
}

TEST_F(Edit, a_link_stays_a_link) {
  const auto target = write("dotfiles/mine.yaml", commented);
  fs::permissions(target, fs::perms(0604));
  fs::create_symlink("dotfiles/mine.yaml", yaml());
  EXPECT_EQ(edit({"add", "x", "http://127.0.0.1:1", "--bearer", "abcdef123"}).status, 0);
  EXPECT_TRUE(fs::is_symlink(yaml()));
  EXPECT_EQ(mode("dotfiles/mine.yaml"), 0604U);
  EXPECT_THAT(read("dotfiles/mine.yaml"), HasSubstr("  x:\n"));
  EXPECT_EQ(configured("x").headers.front().second, "Bearer abcdef123");
  fs::remove(target);
  expect_refused(
      edit({"add", "y", "http://127.0.0.1:1"}), 1, "is a link to dotfiles/mine.yaml, which is not"
  );
  EXPECT_FALSE(fs::exists(target));
}

TEST_F(Edit, what_is_no_file_is_not_replaced) {
  fs::create_symlink("/dev/full", yaml());
  expect_refused(edit({"add", "x", "http://127.0.0.1:1"}), 1, "is no regular file");
  EXPECT_TRUE(fs::is_symlink(yaml()));
  fs::remove(yaml());
  fs::create_directory(yaml());
  expect_refused(edit({"add", "x", "http://127.0.0.1:1"}), 1, "is no regular file");
}

TEST_F(Edit, a_read_only_file_is_not_replaced) {
  write("mooring.yaml", commented);
  fs::permissions(yaml(), fs::perms(0444));
  expect_refused(
      edit({"add", "x", "http://127.0.0.1:1", "--bearer", "abcdef123"}), 1,
      "it is read-only; nothing was changed"
  );
  EXPECT_THAT(files(), ElementsAre("mooring.yaml"));
}

TEST_F(Edit, a_read_only_directory_is_left_as_it_is) {
  write("mooring.yaml", commented);
  fs::permissions(yaml(), fs::perms(0666));
  fs::permissions(directory.path(), fs::perms(0555));
  // Root may write anywhere.
  const std::vector<std::string> somebody = {
      "/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"
  };
  const auto as_user = ::geteuid() == 0 ? somebody : std::vector<std::string>{"/usr/bin/env"};
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"add", "x", "http://127.0.0.1:1"},
           {"add", "x", "http://127.0.0.1:1", "--bearer", "abcdef123"},
           {"remove", "one"}
       }) {
    expect_refused(edit_below(as_user, words), 1, "Permission denied; nothing was changed");
  }
  EXPECT_EQ(read("mooring.yaml"), commented);
  EXPECT_THAT(files(), ElementsAre("mooring.yaml"));
  fs::permissions(directory.path(), fs::perms(0755));
}

TEST_F(Edit, a_full_disk_leaves_everything_as_it_was) {
  const std::string long_text = std::string(commented) + "#" + std::string(4000, 'x') + "\n";
  write("mooring.yaml", long_text);
  // Blocks of 1 KiB: with none the credentials cannot be written, with one the configuration.
  const auto add_on_full_disk = [&](const std::string& blocks) {
    const auto before = files();
    const auto text = read("mooring.yaml");
    const auto ended = edit_below(
        {"/bin/bash", "-c", "trap '' XFSZ; ulimit -f " + blocks + "; exec \"$@\"", "bash"},
        {"add", "x", "http://127.0.0.1:1", "--bearer", "abcdef123"}
    );
    expect_refused(ended, 1, "File too large; nothing was changed");
    EXPECT_EQ(read("mooring.yaml"), text);
    EXPECT_EQ(files(), before);
  };
  add_on_full_disk("0");
  add_on_full_disk("1");
  ASSERT_EQ(edit({"add", "y", "http://127.0.0.1:1", "--bearer", "abcdef123"}).status, 0);
  add_on_full_disk("0");
  add_on_full_disk("1");
}

TEST_F(Edit, many_at_once_lose_nothing) {
  write("mooring.yaml", commented);
  std::vector<std::unique_ptr<test::Program>> all;
  for (int i = 0; i < 8; ++i) {
    all.push_back(std::make_unique<test::Program>(
        edit_words({"add", "s" + std::to_string(i), "http://127.0.0.1:1"}), home()
    ));
  }
  for (const auto& each : all) EXPECT_EQ(each->end().status, 0);
  for (int i = 0; i < 8; ++i)
    EXPECT_EQ(configured("s" + std::to_string(i)).url, "http://127.0.0.1:1");
}

TEST_F(Edit, without_config_the_users_own_is_made_and_private) {
  const auto plainly = [&](std::vector<std::string> words) {
    words.insert(words.begin(), MOORING);
    return test::run(words, home());
  };
  const auto ended = plainly({"add", "x", "http://127.0.0.1:1"});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_THAT(ended.out, EndsWith("no gateway is running; mooring serve starts it\n"));
  EXPECT_EQ(mode(".config/mooring"), 0700U);
  EXPECT_EQ(mode(".config/mooring/mooring.yaml"), 0600U);
  EXPECT_EQ(plainly({"remove", "x"}).status, 0);
  EXPECT_EQ(read(".config/mooring/mooring.yaml"), "mcpServers:\n");
}

TEST_F(Edit, a_running_gateway_takes_it_up_at_once) {
  configure({});
  start_gateway({});
  const auto url = serve_everything();
  const auto added = mooring({"add", "one", url});
  EXPECT_EQ(added.status, 0) << added.err;
  EXPECT_THAT(added.out, HasSubstr("the gateway at " + gateway_url + " has read it\n"));
  EXPECT_EQ(mooring({"call", gateway_url + "/mcp/one", "test_simple_text", "{}"}).status, 0);
  const auto removed = mooring({"remove", "one"});
  EXPECT_THAT(removed.out, HasSubstr("has read it\n"));
  EXPECT_EQ(mooring({"tools", "one"}).status, 3);
}

TEST_F(Edit, a_gateway_with_another_configuration_is_told_apart) {
  configure({});
  start_gateway({});
  const auto added = edit({"add", "one", "http://127.0.0.1:1"});
  EXPECT_EQ(added.status, 0);
  EXPECT_THAT(added.err, HasSubstr("runs with another configuration than " + yaml()));
}

}  // namespace
}  // namespace mooring::cli
