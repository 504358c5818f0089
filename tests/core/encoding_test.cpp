#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "core/base64.hpp"
#include "core/constant_time.hpp"
#include "core/hash.hpp"
#include "core/json_quote.hpp"
#include "core/random.hpp"

namespace mooring::core {
namespace {

TEST(Base64, vectors_of_RFC_4648) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
      {"\xFB\xFF", "+/8="},
  };
  for (const auto& [plain, text] : table) {
    EXPECT_EQ(base64_encode(plain), text);
    EXPECT_EQ(base64_decode(text), plain);
    std::string url = text;
    for (char& c : url) c = c == '+' ? '-' : c == '/' ? '_' : c;
    url.resize(url.find_last_not_of('=') + 1);
    EXPECT_EQ(base64url_encode(plain), url);
    EXPECT_EQ(base64url_decode(url), plain);
  }
}

TEST(Base64, refuses_what_is_not_canonical) {
  for (const char* text :
       {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z g=", "Zm9v\n", "====", "Zm9v====", "Zm-_", "=Zg="
       }) {
    EXPECT_FALSE(base64_decode(text)) << text;
  }
  for (const char* text : {"Zg==", "Zh", "Z", "Zm9", "+/8", "Zm 9", "Zm8="}) {
    EXPECT_FALSE(base64url_decode(text)) << text;
  }
}

TEST(Hash, sha256_of_abc) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(std::string_view("\x00\xff\x1a", 3)), "00ff1a");
  // PKCE, RFC 7636 appendix B.
  EXPECT_EQ(
      base64url_encode(sha256("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")),
      "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
  );
}

TEST(ConstantTime, compares) {
  EXPECT_TRUE(constant_time_equal("", ""));
  EXPECT_TRUE(constant_time_equal("abc", "abc"));
  EXPECT_FALSE(constant_time_equal("abc", "abd"));
  EXPECT_FALSE(constant_time_equal("abc", "ab"));
}

TEST(JsonQuote, escapes_and_repairs) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"", R"("")"},
      {"a\"b\\c/", R"("a\"b\\c/")"},
      {"\n\r\t\b\f", R"("\n\r\t\b\f")"},
      {std::string("\x00\x1f\x7f", 3), "\"\\u0000\\u001f\x7f\""},
      {"grüße 日本 🚢", "\"grüße 日本 🚢\""},
      {"a\xFFz", "\"a\uFFFDz\""},
      {"\xC3", "\"\uFFFD\""},
      {"\xE2\x82", "\"\uFFFD\""},
      {"\xE2\x82z", "\"\uFFFDz\""},
      {"\xC0\xAF", "\"\uFFFD\uFFFD\""},
      {"\xED\xA0\x80", "\"\uFFFD\uFFFD\uFFFD\""},
      {"\xF4\x90\x80\x80", "\"\uFFFD\uFFFD\uFFFD\uFFFD\""},
  };
  for (const auto& [text, quoted] : table) EXPECT_EQ(json_quote(text), quoted);
}

TEST(Random, seeded_repeats_and_system_does_not) {
  SeededRandom a(7);
  SeededRandom b(7);
  SeededRandom c(8);
  EXPECT_EQ(a.token(16), b.token(16));
  EXPECT_NE(a.next(), c.next());
  EXPECT_NE(system_random().next(), system_random().next());
  EXPECT_EQ(system_random().bytes(13).size(), 13U);
  EXPECT_EQ(system_random().token(32).size(), 43U);
}

TEST(Random, uniform01_stays_in_its_range) {
  struct Fixed final : Random {
    std::uint64_t value = 0;
    std::uint64_t next() override { return value; }
  } random;
  EXPECT_EQ(random.uniform01(), 0.0);
  random.value = ~std::uint64_t{0};
  EXPECT_LT(random.uniform01(), 1.0);
  EXPECT_GT(random.uniform01(), 0.999999);
}

}  // namespace
}  // namespace mooring::core
