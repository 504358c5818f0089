#include "gateway/session_codec.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "core/base64.hpp"

namespace mooring::gateway {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds ttl = 1h;
const SessionCodec::Time now(std::chrono::seconds(1'800'000'000));

core::SealKey key(std::uint8_t first = 1) {
  core::SealKey made{};
  for (auto& byte : made) byte = first++;
  return made;
}

ClientSession session() {
  ClientSession made;
  made.key = "k-1";
  made.endpoint = "github";
  made.version = protocol::Version::v2025_06_18;
  made.capabilities = R"({"roots":{"listChanged":true}})";
  made.client_name = "cläude \"code\"\n";
  made.principal = "ann";
  return made;
}

TEST(SessionCodec, a_session_comes_back_as_it_was_sealed) {
  const SessionCodec codec(key(), ttl);
  const auto sealed = session();
  const auto token = codec.seal(sealed, now);
  const auto opened = codec.open(token, now + 1s);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->session.id, token);
  EXPECT_EQ(opened->session.key, sealed.key);
  EXPECT_EQ(opened->session.endpoint, sealed.endpoint);
  EXPECT_EQ(opened->session.version, sealed.version);
  EXPECT_EQ(opened->session.capabilities, sealed.capabilities);
  EXPECT_EQ(opened->session.client_name, sealed.client_name);
  EXPECT_EQ(opened->session.principal, sealed.principal);
  EXPECT_EQ(opened->expires, now + ttl);
}

TEST(SessionCodec, every_revision_and_empty_fields_survive) {
  const SessionCodec codec(key(), ttl);
  for (const auto version :
       {protocol::Version::v2024_11_05, protocol::Version::v2025_03_26,
        protocol::Version::v2025_06_18, protocol::Version::v2025_11_25}) {
    ClientSession empty;
    empty.version = version;
    const auto opened = codec.open(codec.seal(empty, now), now);
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->session.version, version);
    EXPECT_EQ(opened->session.key, "");
    EXPECT_EQ(opened->session.principal, "");
  }
}

TEST(SessionCodec, a_token_is_a_header_value_and_tells_nothing) {
  const SessionCodec codec(key(), ttl);
  const auto token = codec.seal(session(), now);
  for (const char c : token) {
    EXPECT_TRUE(std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_') << c;
  }
  const auto bytes = core::base64url_decode(token);
  ASSERT_TRUE(bytes);
  EXPECT_EQ(bytes->find("github"), std::string::npos);
  EXPECT_EQ(bytes->find("ann"), std::string::npos);
  // Two sessions of the same client never share a token.
  EXPECT_NE(token, codec.seal(session(), now));
}

TEST(SessionCodec, a_token_altered_in_any_place_is_refused) {
  const SessionCodec codec(key(), ttl);
  const auto token = codec.seal(session(), now);
  for (std::size_t i = 0; i < token.size(); ++i) {
    for (const char c : {'A', 'b', '7', '_', '.', '\0', '\xff'}) {
      auto altered = token;
      if (altered[i] == c) continue;
      altered[i] = c;
      EXPECT_FALSE(codec.open(altered, now)) << "byte " << i << " as " << static_cast<int>(c);
    }
  }
}

TEST(SessionCodec, a_token_cut_or_lengthened_is_refused) {
  const SessionCodec codec(key(), ttl);
  const auto token = codec.seal(session(), now);
  for (std::size_t size = 0; size < token.size(); ++size) {
    EXPECT_FALSE(codec.open(std::string_view(token).substr(0, size), now)) << size;
  }
  for (const auto* more : {"A", "=", "==", " ", "AAAA"})
    EXPECT_FALSE(codec.open(token + more, now));
  EXPECT_FALSE(codec.open(token + token, now));
}

TEST(SessionCodec, the_token_of_another_key_is_refused) {
  const auto token = SessionCodec(key(1), ttl).seal(session(), now);
  EXPECT_FALSE(SessionCodec(key(2), ttl).open(token, now));
  EXPECT_TRUE(SessionCodec(key(1), ttl).open(token, now));
}

TEST(SessionCodec, a_token_sealed_for_another_purpose_is_refused) {
  const core::Sealer other(key());
  const SessionCodec codec(key(), ttl);
  EXPECT_FALSE(codec.open(other.seal("anything", "request-state"), now));
  // Ours, but not a session: nothing is read past its end.
  for (const auto size : {0, 1, 7, 8, 15, 16, 23, 24, 31, 55, 56, 57, 300}) {
    const std::string zeros(static_cast<std::size_t>(size), '\0');
    EXPECT_EQ(codec.open(other.seal(zeros, "mcp-session-1"), now).has_value(), false) << size;
    const std::string ones(static_cast<std::size_t>(size), '\xff');
    EXPECT_FALSE(codec.open(other.seal(ones, "mcp-session-1"), now)) << size;
  }
}

TEST(SessionCodec, it_expires_to_the_second) {
  const SessionCodec codec(key(), ttl);
  const auto token = codec.seal(session(), now);
  EXPECT_TRUE(codec.open(token, now + ttl - 1s));
  EXPECT_FALSE(codec.open(token, now + ttl));
  EXPECT_FALSE(codec.open(token, now + 24h));
}

TEST(SessionCodec, a_replica_with_another_lifetime_goes_by_its_own) {
  const auto token = SessionCodec(key(), 10s).seal(session(), now);
  EXPECT_TRUE(SessionCodec(key(), 60s).open(token, now + 30s));
}

TEST(SessionCodec, huge_fields_survive) {
  const SessionCodec codec(key(), ttl);
  auto huge = session();
  huge.capabilities = std::string(200'000, 'c');
  huge.client_name = std::string(100'000, '\0');
  const auto opened = codec.open(codec.seal(huge, now), now);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->session.capabilities, huge.capabilities);
  EXPECT_EQ(opened->session.client_name, huge.client_name);
}

TEST(Revocations, what_was_ended_stays_ended_until_its_token_expired) {
  Revocations revocations;
  EXPECT_FALSE(revocations.contains("a"));
  revocations.add("a", now + 10s);
  revocations.add("b", now + 20s);
  EXPECT_TRUE(revocations.contains("a"));
  EXPECT_FALSE(revocations.contains("c"));
  revocations.purge(now + 9s);
  EXPECT_TRUE(revocations.contains("a"));
  revocations.purge(now + 10s);
  EXPECT_FALSE(revocations.contains("a"));
  EXPECT_TRUE(revocations.contains("b"));
  revocations.add("b", now + 60s);
  revocations.purge(now + 30s);
  EXPECT_TRUE(revocations.contains("b"));
  revocations.purge(now + 60s);
  EXPECT_FALSE(revocations.contains("b"));
}

TEST(Revocations, workers_ask_while_another_adds) {
  Revocations revocations;
  std::vector<std::thread> threads;
  for (int worker = 0; worker < 3; ++worker) {
    threads.emplace_back([&revocations, worker] {
      for (int i = 0; i < 500; ++i) {
        const auto mine = std::to_string(worker) + "-" + std::to_string(i);
        revocations.add(mine, now + 10s);
        EXPECT_TRUE(revocations.contains(mine));
        if (i % 100 == 0) revocations.purge(now);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_TRUE(revocations.contains("2-499"));
}

}  // namespace
}  // namespace mooring::gateway
