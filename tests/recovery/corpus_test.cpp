#include <gtest/gtest.h>

#include <fstream>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "protocol/json_scan.hpp"
#include "recovery/classify.hpp"
#include "recovery/failure_json.hpp"

namespace mooring::recovery {

struct Row {
  std::string id;
  std::string json;
};

// NOLINTNEXTLINE(readability-identifier-naming): GoogleTest's own spelling
void PrintTo(const Row& row, std::ostream* out) { *out << row.id; }

namespace {

std::vector<Row> rows(const std::string& name) {
  std::ifstream file(std::string(MOORING_CORPUS) + "/" + name);
  std::vector<Row> out;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) out.push_back({protocol::string_member(line, "id"), line});
  }
  return out;
}

/// `reconnect` and `verify` count as one: the text alone cannot tell.
std::string folded(const std::string& action) { return action == "verify" ? "reconnect" : action; }

void expect_as_labelled(const Row& row) {
  const auto written = read_failure(row.json);
  ASSERT_TRUE(written) << written.error();
  const auto conclusion = classify(written->failure);
  const std::string expect(protocol::member(row.json, "expect").value_or("{}"));
  const auto said = std::string(to_string(conclusion.kind)) + "/" +
                    std::string(to_string(conclusion.action)) + ": " + conclusion.reason;
  EXPECT_EQ(
      folded(std::string(to_string(conclusion.action))),
      folded(protocol::string_member(expect, "action"))
  ) << said;
  if (const auto replay = protocol::string_member(expect, "replay"); !replay.empty()) {
    ASSERT_TRUE(conclusion.replay) << said;
    EXPECT_EQ(to_string(*conclusion.replay), replay) << said;
  }
  // The same bytes as neg-32602-genuine, labelled with what each turned out to be.
  if (row.id != "py-init-gate-32602") {
    EXPECT_EQ(to_string(conclusion.kind), protocol::string_member(expect, "kind")) << said;
  }
  EXPECT_FALSE(conclusion.reason.empty());
  EXPECT_EQ(conclusion.reason.find('\n'), std::string::npos);
}

class EXP_23_Corpus : public testing::TestWithParam<Row> {};

TEST_P(EXP_23_Corpus, is_concluded_as_labelled) { expect_as_labelled(GetParam()); }

const auto name_of = [](const testing::TestParamInfo<Row>& info) {
  std::string name = info.param.id;
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
};

INSTANTIATE_TEST_SUITE_P(Known, EXP_23_Corpus, testing::ValuesIn(rows("expiry.jsonl")), name_of);
INSTANTIATE_TEST_SUITE_P(
    HeldOut, EXP_23_Corpus, testing::ValuesIn(rows("held_out.jsonl")), name_of
);

}  // namespace
}  // namespace mooring::recovery
