#include "auth/dpop.hpp"

#include <fmt/format.h>

#include "core/base64.hpp"
#include "core/hash.hpp"
#include "core/json_quote.hpp"

namespace mooring::auth {

DpopProver::DpopProver(SigningKey key, core::Random& random, Clock clock)
    : key_(std::move(key)), random_(random), clock_(clock) {}

std::string DpopProver::proof(
    std::string_view method, const core::Url& url, std::string_view access_token
) {
  const auto now =
      std::chrono::duration_cast<std::chrono::seconds>(clock_().time_since_epoch()).count();
  std::string nonce;
  std::string id;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = nonces_.find(url.origin()); found != nonces_.end())
      nonce = found->second;
    id = random_.token(16);
  }
  auto claims = fmt::format(
      R"({{"jti":"{}","htm":{},"htu":{},"iat":{})", id, core::json_quote(method),
      core::json_quote(url.origin() + url.path()), now
  );
  if (!access_token.empty())
    claims += fmt::format(R"(,"ath":"{}")", core::base64url_encode(core::sha256(access_token)));
  if (!nonce.empty()) claims += fmt::format(R"(,"nonce":{})", core::json_quote(nonce));
  claims += '}';
  return key_.sign(fmt::format(R"({{"typ":"dpop+jwt","jwk":{}}})", key_.public_jwk()), claims);
}

void DpopProver::nonce(const core::Url& url, std::string_view value) {
  constexpr std::size_t longest = 1024;
  if (value.size() > longest) return;
  const std::lock_guard lock(mutex_);
  nonces_[url.origin()] = value;
}

}  // namespace mooring::auth
