#include "core/seal.hpp"

#include <string>

#include "core/base64.hpp"
#include "fuzz/fuzz_target.hpp"

using namespace mooring::core;
using mooring::fuzz::require;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Sealer sealer(SealKey{1, 2, 3});
  const std::string text(mooring::fuzz::text_of(data, size));
  require(!sealer.open(text, "session"), "no token can be made without the key");
  if (const auto bytes = base64url_decode(text)) {
    require(base64url_encode(*bytes) == text, "a token has one spelling");
  }
  const std::string token = sealer.seal(text, "session");
  require(sealer.open(token, "session") == text, "what was sealed opens");
  require(!sealer.open(token, "other"), "in its own context only");
  std::string altered = token;
  altered[size % altered.size()] = altered[size % altered.size()] == 'A' ? 'B' : 'A';
  require(!sealer.open(altered, "session"), "and only unaltered");
  return 0;
}
