#include "chaos/fault.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace mooring::chaos {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

Fault good(std::string_view text) {
  auto fault = parse_fault(text);
  EXPECT_TRUE(fault) << text << ": " << (fault ? "" : fault.error().detail);
  return fault.value_or(Fault{});
}

TEST(FaultSyntax, EveryNameStandsAloneAndIsKept) {
  std::set<FaultKind> kinds;
  for (const auto& row : fault_rows()) {
    const auto fault = good(row.name);
    EXPECT_EQ(fault.kind, row.kind);
    EXPECT_EQ(fault.text, row.name);
    EXPECT_EQ(name_of(row.kind), row.name);
    EXPECT_TRUE(kinds.insert(row.kind).second) << row.name;
    EXPECT_FALSE(row.what.empty());
  }
  EXPECT_EQ(kinds.size(), static_cast<std::size_t>(FaultKind::stale) + 1);
}

TEST(FaultSyntax, SaysWhen) {
  EXPECT_EQ(good("html:p=0.05").probability, 0.05);
  EXPECT_EQ(good("html:every=10").every_requests, 10U);
  EXPECT_EQ(good("html:every=20s").every, 20s);
  EXPECT_EQ(good("html:every=250ms").every, 250ms);
  EXPECT_TRUE(good("html:once").once);
  EXPECT_THAT(good("html:method=tools/call+GET").methods, ElementsAre("tools/call", "GET"));
  const auto all = good("cut:every=3,once,method=tools/call,events=2");
  EXPECT_EQ(all.every_requests, 3U);
  EXPECT_TRUE(all.once);
  EXPECT_EQ(all.events, 2U);
  EXPECT_TRUE(good("expire:every=20s").strikes_by_clock());
  EXPECT_TRUE(good("restart:every=20s").strikes_by_clock());
  EXPECT_FALSE(good("expire:every=20").strikes_by_clock());
  EXPECT_FALSE(good("429:every=20s").strikes_by_clock());
}

TEST(FaultSyntax, SaysHow) {
  EXPECT_EQ(good("expire").dialect->name, "ts-404");
  const auto expire = good("expire:dialect=wordpress-200-32602,streams=keep");
  EXPECT_EQ(expire.dialect->name, "wordpress-200-32602");
  EXPECT_FALSE(expire.end_streams);
  EXPECT_TRUE(good("401").challenge);
  EXPECT_FALSE(good("401:challenge=no").challenge);
  EXPECT_EQ(good("429").retry_after, core::Duration(1s));
  EXPECT_EQ(good("429:retry-after=3s").retry_after, core::Duration(3s));
  EXPECT_EQ(good("5xx").status, 503);
  EXPECT_EQ(good("5xx").retry_after, std::nullopt);
  EXPECT_EQ(good("5xx:status=500,retry-after=2s").status, 500);
  EXPECT_TRUE(good("truncate:framing=whole").whole_framing);
  EXPECT_FALSE(good("truncate").whole_framing);
  EXPECT_EQ(good("hang").time, std::nullopt);
  EXPECT_EQ(good("hang:for=3s").time, core::Duration(3s));
  EXPECT_EQ(good("delay").time, core::Duration(1s));
  EXPECT_EQ(good("delay:by=20ms").time, core::Duration(20ms));
  EXPECT_EQ(good("restart:down=5s").time, core::Duration(5s));
  EXPECT_EQ(good("html").status, 200);
  EXPECT_EQ(good("html:status=502").status, 502);
  EXPECT_EQ(good("error-session:status=404").status, 404);
}

struct Mistake {
  std::string_view text;
  std::string_view told;
};

class FaultMistakes : public testing::TestWithParam<Mistake> {};

TEST_P(FaultMistakes, AreToldPrecisely) {
  const auto fault = parse_fault(GetParam().text);
  ASSERT_FALSE(fault) << GetParam().text;
  EXPECT_EQ(fault.error().reason, Reason::usage);
  EXPECT_EQ(fault.error().detail, GetParam().told);
}

INSTANTIATE_TEST_SUITE_P(
    All, FaultMistakes,
    testing::Values(
        Mistake{"", "unknown fault \"\"; `mooring chaos --list` prints them"},
        Mistake{"expier", "unknown fault \"expier\"; did you mean expire?"},
        Mistake{"reset_after:p=1", "unknown fault \"reset_after\"; did you mean reset-after?"},
        Mistake{"earthquake", "unknown fault \"earthquake\"; `mooring chaos --list` prints them"},
        Mistake{"html:", "html: an option is missing behind the colon"},
        Mistake{"html:once,", "html: an option is missing behind the last comma"},
        Mistake{"expire:dialekt=x", "expire has no option \"dialekt\"; did you mean dialect?"},
        Mistake{"cut:dialect=ts-404", "cut has no option \"dialect\""},
        Mistake{"html:once,once", "html: once is given twice"},
        Mistake{"html:once=yes", "html: once takes no value"},
        Mistake{"html:p=2", "html: p is a probability above 0 and up to 1, not \"2\""},
        Mistake{"html:p=0", "html: p is a probability above 0 and up to 1, not \"0\""},
        Mistake{"html:p", "html: p is a probability above 0 and up to 1, not \"\""},
        Mistake{"html:p=nan", "html: p is a probability above 0 and up to 1, not \"nan\""},
        Mistake{
            "html:every=0",
            "html: every is a number of requests (10) or a time with its unit (20s), not \"0\""
        },
        Mistake{
            "html:every=soon",
            "html: every is a time above zero, such as 500ms or 20s, not \"soon\""
        },
        Mistake{"html:p=0.1,every=3", "html: p and every exclude each other"},
        Mistake{
            "html:method=a++b", "html: method is one or more methods, joined by +, not \"a++b\""
        },
        Mistake{
            "expire:dialect=wordpres-200-32602",
            "expire: dialect is one of the dialects that `mooring chaos --list` prints; did you "
            "mean wordpress-200-32602?, not \"wordpres-200-32602\""
        },
        Mistake{
            "expire:every=2s,method=ping",
            "expire: by the clock it hits no request, so method says nothing"
        },
        Mistake{"401:challenge=maybe", "401: challenge is yes or no, not \"maybe\""},
        Mistake{
            "5xx:status=404", "5xx: status is a status with a body between 500 and 599, not \"404\""
        },
        Mistake{
            "html:status=204",
            "html: status is a status with a body between 200 and 599, not \"204\""
        },
        Mistake{"cut:events=-1", "cut: events is a number of messages, not \"-1\""},
        Mistake{"hang:for=0s", "hang: for is a time above zero, such as 500ms or 20s, not \"0s\""}
    )
);

TEST(FaultSyntax, TheListNamesEveryFaultKeyAndDialectOnALineOfItsOwn) {
  const auto list = describe_faults();
  for (const auto& row : fault_rows()) {
    EXPECT_THAT(list, HasSubstr("\n  " + std::string(row.name) + " "));
  }
  for (const auto& dialect : expiry_dialects()) {
    EXPECT_THAT(list, HasSubstr("\n  " + std::string(dialect.name) + " "));
  }
  for (const auto* key : {"p=", "every=", "once", "method="}) EXPECT_THAT(list, HasSubstr(key));
}

}  // namespace
}  // namespace mooring::chaos
