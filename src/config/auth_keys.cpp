#include <array>
#include <filesystem>

#include "config/key_makers.hpp"
#include "core/file.hpp"
#include "core/url.hpp"

namespace mooring::config {
namespace {

using C = UpstreamConfig;
using Keys = std::vector<Key<C>>;
using Grant = OAuthConfig::Grant;
using Text = std::string OAuthConfig::*;
/// Why a URL cannot stand here, or nothing.
using CheckUrl = std::function<std::string_view(const core::Url& url, std::string_view text)>;

constexpr std::size_t max_file = std::size_t{64} << 10;

Key<C> custom(std::string path, KeyType type, std::string doc, Key<C>::Set set) {
  Key<C> key{std::move(path), type, std::move(doc)};
  key.set = std::move(set);
  return key;
}

Key<C> plain(std::string path, Text field, std::string doc) {
  return text_key<C>(
      std::move(path), [field](C& c) -> auto& { return c.oauth.*field; }, std::move(doc)
  );
}

/// Its value is hidden, and never quoted.
Key<C> secret(std::string path, Text field, std::string doc) {
  auto set = [field](C& config, const Node& node, Reading&) -> std::optional<Problem> {
    if (!node.is_scalar()) return expected(node, "a text is expected");
    hide(node.text);
    config.oauth.*field = node.text;
    return {};
  };
  return custom(std::move(path), KeyType::text, std::move(doc), std::move(set));
}

/// A file whose content goes into `field`; with `mark` the content has to hold that.
Key<C> secret_file(std::string path, Text field, std::string_view mark, std::string doc) {
  auto set = [field,
              mark](C& config, const Node& node, Reading& reading) -> std::optional<Problem> {
    if (!node.is_scalar() || node.text.empty()) return expected(node, "a path is expected");
    const auto file = reading.resolve(node.at, node.text);
    const auto text = core::read_file(file, max_file);
    if (!text) return wrong(node, text.error().detail);
    const std::string_view content = trim(*text);
    if (content.empty()) return wrong(node, fmt::format("{} is empty", file.string()));
    if (content.find(mark) == std::string_view::npos) {
      return wrong(node, fmt::format("{} holds no private key in PEM form", file.string()));
    }
    hide(content);
    config.oauth.*field = content;
    return {};
  };
  return custom(std::move(path), KeyType::path, std::move(doc), std::move(set));
}

/// An empty text is none.
Key<C> url(std::string path, Text field, CheckUrl check, std::string doc) {
  auto set = [field, check = std::move(check
                     )](C& config, const Node& node, Reading&) -> std::optional<Problem> {
    if (!node.is_scalar()) return expected(node, "a URL is expected");
    const std::string_view text = trim(node.text);
    if (!text.empty()) {
      const auto url = core::Url::parse(text);
      if (!url) return wrong(node, url.error().detail);
      if (!url->userinfo.empty()) return wrong(node, "a URL without user and password is expected");
      const std::string_view bad = check(*url, text);
      if (!bad.empty())
        return wrong(node, fmt::format("{}, not {}", bad, shown(std::string(text))));
    }
    config.oauth.*field = text;
    return {};
  };
  return custom(std::move(path), KeyType::text, std::move(doc), std::move(set));
}

std::string_view check_endpoint(const core::Url& url, std::string_view text) {
  if (!url.is_tls() && !url.is_loopback()) return "https is expected, or http to this machine";
  if (text.contains('#')) return "a URL without # is expected";
  return "";
}

/// RFC 8414 §2.
std::string_view check_issuer(const core::Url& url, std::string_view text) {
  if (text.contains('?')) return "an issuer without a query is expected";
  return check_endpoint(url, text);
}

/// OAuth Client ID Metadata Document §3.
std::string_view check_metadata_url(const core::Url& url, std::string_view text) {
  if (!url.is_tls() || url.path() == "/" || text.contains('#')) {
    return "an https URL with a path and without # is expected";
  }
  return "";
}

std::optional<Problem> set_scopes(C& config, const Node& node, Reading&) {
  const auto texts = texts_of(node);
  if (!texts) return texts.error();
  config.oauth.scopes.clear();
  for (std::string_view rest : *texts) {
    for (rest = trim(rest); !rest.empty(); rest = trim(rest)) {
      const std::size_t end = std::min(rest.find_first_of(" \t\r\n"), rest.size());
      config.oauth.scopes.emplace_back(rest.substr(0, end));
      rest.remove_prefix(end);
    }
  }
  return {};
}

Key<C> scopes(std::string path, std::string doc) {
  Key<C> key = custom(std::move(path), KeyType::list, std::move(doc), set_scopes);
  key.default_json = "[]";
  return key;
}

void add_client(Keys& keys) {
  keys.push_back(plain(
      "auth.client_id", &OAuthConfig::client_id,
      "The id under which Mooring is registered at the authorization server. Without it Mooring "
      "registers itself."
  ));
  keys.push_back(secret(
      "auth.client_secret", &OAuthConfig::client_secret,
      "The secret that belongs to `auth.client_id`; better as `${VAR}` or `${file:/path}`."
  ));
  keys.push_back(
      url("auth.client_metadata_url", &OAuthConfig::client_metadata_url, check_metadata_url,
          "An https URL where a Client ID Metadata Document lies: it is the client's id at servers "
          "that "
          "read such documents.")
  );
  keys.push_back(secret_file(
      "auth.private_key_file", &OAuthConfig::private_key, "PRIVATE KEY-----",
      "PEM file of the private key with which Mooring proves who it is, instead of a secret."
  ));
  keys.push_back(choice_key<C>(
      "auth.signing_algorithm", [](C& c) -> auto& { return c.oauth.signing_algorithm; },
      std::vector<std::pair<std::string, std::string>>{
          {"ES256", "ES256"},
          {"ES384", "ES384"},
          {"RS256", "RS256"},
          {"PS256", "PS256"},
          {"EdDSA", "EdDSA"}
      },
      "How that key signs. Without it: what fits the key."
  ));
}

void add_request(Keys& keys) {
  keys.push_back(url(
      "auth.issuer", &OAuthConfig::issuer, check_issuer,
      "The only authorization server that is trusted. Without it: the one that the server names."
  ));
  keys.push_back(scopes(
      "auth.scopes",
      "Scopes to ask for, instead of those that the server advertises: a list, or one text with "
      "blanks between them."
  ));
  keys.push_back(scopes("auth.scope", "The same as `auth.scopes`."));
  keys.push_back(url(
      "auth.redirect_uri", &OAuthConfig::redirect_uri, check_endpoint,
      "Where the browser is sent back to: http on this machine, or https. Without it: a free port "
      "of this machine."
  ));
  keys.push_back(bool_key<C>(
      "auth.dpop", [](C& c) -> auto& { return c.oauth.dpop; },
      "Asks for tokens that only their owner can use (DPoP), even where the server does not insist."
  ));
}

void add_assertion(Keys& keys) {
  keys.push_back(secret(
      "auth.assertion", &OAuthConfig::assertion,
      "`jwt_bearer`: the JWT of the workload. `enterprise`: the ID token of the person."
  ));
  auto file = secret_file(
      "auth.assertion_file", &OAuthConfig::assertion, "",
      "The same, from a file that is read whenever a token is asked for."
  );
  file.set = [set = file.set](C& config, const Node& node, Reading& reading) {
    auto problem = set(config, node, reading);
    if (!problem) {
      std::error_code ignored;
      const auto path = reading.resolve(node.at, node.text);
      config.oauth.assertion_file = std::filesystem::absolute(path, ignored).string();
      config.oauth.assertion.clear();
    }
    return problem;
  };
  keys.push_back(std::move(file));
  keys.push_back(
      url("auth.idp_issuer", &OAuthConfig::idp_issuer, check_issuer,
          "`enterprise`: the company's identity provider.")
  );
  keys.push_back(
      url("auth.idp_token_endpoint", &OAuthConfig::idp_token_endpoint, check_endpoint,
          "`enterprise`: where the identity provider exchanges the ID token.")
  );
  keys.push_back(plain(
      "auth.idp_client_id", &OAuthConfig::idp_client_id,
      "`enterprise`: Mooring's id at the identity provider."
  ));
  keys.push_back(secret(
      "auth.idp_client_secret", &OAuthConfig::idp_client_secret,
      "`enterprise`: the secret that belongs to it."
  ));
}

}  // namespace

void add_auth_keys(Keys& keys) {
  keys.push_back(choice_key<C>(
      "auth.grant", [](C& c) -> auto& { return c.oauth.grant; },
      std::vector<std::pair<std::string, Grant>>{
          {"authorization_code", Grant::authorization_code},
          {"client_credentials", Grant::client_credentials},
          {"jwt_bearer", Grant::jwt_bearer},
          {"enterprise", Grant::enterprise},
          {"none", Grant::none}
      },
      "How Mooring signs in to a server over HTTP. `authorization_code`: a person, once, in a "
      "browser. `client_credentials`: with `auth.client_id` and a secret or key of its own. "
      "`jwt_bearer`: with the JWT of a workload. `enterprise`: the company's identity provider "
      "vouches for the person. `none`: never. A server with an `Authorization` header has `none`."
  ));
  add_client(keys);
  add_request(keys);
  add_assertion(keys);
}

}  // namespace mooring::config
