#include "cli/explain.hpp"

#include "support.hpp"

namespace mooring::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

test::Ended explain_of(std::string_view input, std::vector<std::string> arguments = {}) {
  arguments.insert(arguments.begin(), {MOORING, "explain"});
  return test::run(arguments, {}, input);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST(Explain, prints_what_would_be_concluded) {
  const auto ended = explain_of(R"({
    "phase": "post", "method": "tools/call", "http_status": 404, "headers": {},
    "body": "Session not found", "sent_session_id": true, "layer": "http", "cancelled": false
  })");
  EXPECT_EQ(ended.status, 0);
  EXPECT_EQ(ended.err, "");
  EXPECT_THAT(
      ended.out,
      StartsWith(R"({"kind":"session_lost","action":"reconnect","replay":"yes","reason":")")
  );
  EXPECT_EQ(lines_of(ended.out).size(), 1U);
}

TEST(Explain, gives_the_id_back_as_it_was_written) {
  const auto ended = explain_of(R"({"id": 1.50, "failure": {"http_status": 429}})");
  EXPECT_THAT(
      ended.out, StartsWith(R"({"id":1.50,"kind":"rate_limited","action":"backoff","replay":null,)")
  );
}

TEST(Explain, EXP_02_takes_a_bare_sentence) {
  EXPECT_THAT(explain_of(R"({"message": "SESSION EXPIRED"})").out, HasSubstr("session_lost"));
  EXPECT_THAT(explain_of(R"({"message": "Tool failed"})").out, HasSubstr(R"("action":"none")"));
  EXPECT_THAT(
      explain_of(R"({"message": "session expired", "cancelled": true})").out,
      HasSubstr(R"("kind":"cancelled")")
  );
}

TEST(Explain, bad_input_is_one_line_and_exit_2) {
  const std::pair<std::string_view, std::string_view> mistakes[] = {
      {"", "stdin holds no failure"},
      {" \n", "stdin holds no failure"},
      {"{", "not JSON"},
      {"[]", "a failure is a JSON object"},
      {R"({"failure": 1})", "\"failure\" has to be an object"},
      {R"({"http_status": "404"})", "\"http_status\" has to be a whole number"},
      {R"({"http_status": 404.5})", "\"http_status\" has to be a whole number"},
      {R"({"phase": "put"})", "\"phase\" has to be one of post, get-sse, sse-message, delete"},
      {R"({"layer": 5})", "\"layer\" has to be a string"},
      {R"({"headers": {"a": 1}})", "\"headers\" has to be an object of strings"},
      {R"({"sent_session_id": "no"})", "\"sent_session_id\" has to be true or false"},
      {R"({"transport": []})", "\"transport\" has to be an object"},
      {R"({"transport": {"stage": "moon"}})", "transport: \"stage\" has to be one of"},
  };
  for (const auto& [input, expected] : mistakes) {
    const auto ended = explain_of(input);
    EXPECT_EQ(ended.status, 2) << input;
    EXPECT_EQ(ended.out, "");
    EXPECT_THAT(ended.err, StartsWith("mooring: "));
    EXPECT_THAT(ended.err, HasSubstr(expected));
    EXPECT_EQ(std::ranges::count(ended.err, '\n'), 1) << ended.err;
  }
  EXPECT_EQ(explain_of("{}", {"extra"}).status, 2);
}

TEST(Explain, bad_lines_are_named_and_the_others_answered) {
  const auto ended = explain_of(
      "{\"id\":\"a\",\"http_status\":404}\n\nnonsense\n{\"id\":\"b\",\"http_status\":429}",
      {"--jsonl"}
  );
  EXPECT_EQ(ended.status, 2);
  EXPECT_THAT(ended.err, StartsWith("mooring: line 3: not JSON"));
  const auto lines = lines_of(ended.out);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_THAT(lines[0], StartsWith(R"({"id":"a",)"));
  EXPECT_THAT(lines[1], StartsWith(R"({"id":"b",)"));
  EXPECT_EQ(explain_of("", {"--jsonl"}).status, 0) << "no line, no complaint";
}

TEST(Explain, EXP_23_the_whole_corpus_through_the_program) {
  for (const auto* name : {"expiry.jsonl", "held_out.jsonl"}) {
    std::ifstream file(std::string(MOORING_CORPUS) + "/" + name);
    std::stringstream whole;
    whole << file.rdbuf();
    const auto rows = lines_of(whole.str());
    const auto ended = explain_of(whole.str(), {"--jsonl"});
    EXPECT_EQ(ended.status, 0);
    EXPECT_EQ(ended.err, "");
    const auto answers = lines_of(ended.out);
    ASSERT_EQ(answers.size(), rows.size());
    ASSERT_GT(rows.size(), 60U);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto row = json::parse(rows[i]).as_object();
      const auto answer = json::parse(answers[i]).as_object();
      EXPECT_EQ(answer.at("id"), row.at("id"));
      const auto& expect = row.at("expect").as_object();
      const auto one = [](const json::value& action) {
        return action == "verify" ? json::value("reconnect") : action;
      };
      EXPECT_EQ(one(answer.at("action")), one(expect.at("action"))) << answers[i];
      if (!expect.at("replay").is_null()) {
        EXPECT_EQ(answer.at("replay"), expect.at("replay")) << answers[i];
      }
      EXPECT_GT(answer.at("reason").as_string().size(), 10U);
    }
  }
}

}  // namespace
}  // namespace mooring::cli
