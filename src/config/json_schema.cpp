#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <string>

#include "config/schema.hpp"

namespace mooring::config {
namespace {

namespace json = boost::json;

json::object reference(std::string_view definition) {
  return {{"$ref", "#/definitions/" + std::string(definition)}};
}

json::object any_of(json::object first, json::object second) {
  return {{"anyOf", json::array{std::move(first), std::move(second)}}};
}

/// Scalars may be written as `${VAR}` wherever they stand.
constexpr std::string_view definitions = R"({
  "variable": { "type": "string", "pattern": "\\$\\{[^}]+\\}" },
  "duration": { "anyOf": [
    { "type": "number", "minimum": 0 },
    { "type": "string", "pattern": "^([0-9.]+ *(ms|s|sec|m|min|h|hours?|d|days?)? *)+$" },
    { "$ref": "#/definitions/variable" } ] },
  "size": { "anyOf": [
    { "type": "number", "minimum": 0 },
    { "type": "string", "pattern": "^[0-9.]+ *([kKmMgG][iI]?[bB]|[bB])?$" },
    { "$ref": "#/definitions/variable" } ] },
  "boolean": { "anyOf": [
    { "type": "boolean" },
    { "enum": [0, 1, "0", "1", "true", "false", "yes", "no", "on", "off"] },
    { "$ref": "#/definitions/variable" } ] },
  "list": { "anyOf": [
    { "type": ["string", "number"] },
    { "type": "array", "items": { "type": ["string", "number", "boolean"] } } ] },
  "text_map": {
    "type": "object", "additionalProperties": { "type": ["string", "number", "boolean", "null"] } },
  "tokens": { "type": "array", "items": { "anyOf": [
    { "type": "string" },
    { "type": "object", "required": ["name"], "additionalProperties": false, "properties": {
      "name": { "type": "string" }, "token": { "type": "string" },
      "file": { "type": "string" }, "env": { "type": "string" } } } ] } }
})";

template <class Target>
json::object schema_of(const Key<Target>& key) {
  switch (key.type) {
    case KeyType::duration:
      return reference("duration");
    case KeyType::size:
      return reference("size");
    case KeyType::boolean:
      return reference("boolean");
    case KeyType::list:
    case KeyType::words:
      return reference("list");
    case KeyType::text_map:
      return reference("text_map");
    case KeyType::tokens:
      return reference("tokens");
    case KeyType::choice: {
      json::array words(key.choices.begin(), key.choices.end());
      return any_of({{"enum", std::move(words)}}, reference("variable"));
    }
    case KeyType::count:
      return any_of(
          {{"type", "integer"}, {"minimum", key.min}, {"maximum", key.max}}, reference("variable")
      );
    case KeyType::text:
    case KeyType::path:
      break;
  }
  return {{"type", "string"}};
}

/// The properties of a group, made where missing: "tools.include" lives in "tools".
json::object& properties_for(json::object& properties, std::string_view path) {
  const std::size_t dot = path.find('.');
  if (dot == std::string_view::npos) return properties;
  const std::string_view group = path.substr(0, dot);
  if (!properties.contains(group)) {
    properties[group] = {
        {"type", json::array{"object", "null"}},
        {"additionalProperties", false},
        {"properties", json::object()}
    };
  }
  json::object& inner = properties[group].as_object()["properties"].as_object();
  return properties_for(inner, path.substr(dot + 1));
}

template <class Target>
void add(json::object& properties, const Key<Target>& key) {
  json::object schema = schema_of(key);
  // Beside $ref, draft 7 ignores everything: hence the allOf.
  if (schema.contains("$ref")) schema = {{"allOf", json::array{std::move(schema)}}};
  schema["description"] = key.doc;
  if (!key.default_json.empty()) schema["default"] = json::parse(key.default_json);
  json::object& place = properties_for(properties, key.path);
  place[key.path.substr(key.path.rfind('.') + 1)] = std::move(schema);
}

void add(json::object& properties, const ForeignKey& key) {
  if (key.schema.empty()) return;
  json::value schema = json::parse(key.schema);
  if (schema.is_bool()) schema = json::object();
  if (schema.as_object().contains("$ref")) {
    schema = json::object{{"allOf", json::array{std::move(schema)}}};
  }
  schema.as_object()["description"] = key.doc;
  properties[key.path] = std::move(schema);
}

json::object closed(json::object properties) {
  return {
      {"type", json::array{"object", "null"}},
      {"additionalProperties", false},
      {"properties", std::move(properties)}
  };
}

void print(std::string& out, const json::value& value, std::size_t indent) {
  const std::string inner(indent + 2, ' ');
  const std::string outer(indent, ' ');
  auto separate = [&](bool first) {
    out += first ? "\n" : ",\n";
    out += inner;
  };
  if (value.is_object() && !value.as_object().empty()) {
    out += '{';
    bool first = true;
    for (const auto& [name, member] : value.as_object()) {
      separate(first);
      first = false;
      out += json::serialize(json::string(name)) + ": ";
      print(out, member, indent + 2);
    }
    out += '\n' + outer + '}';
  } else if (value.is_array() && !value.as_array().empty() && value.as_array()[0].is_object()) {
    out += '[';
    bool first = true;
    for (const json::value& item : value.as_array()) {
      separate(first);
      first = false;
      print(out, item, indent + 2);
    }
    out += '\n' + outer + ']';
  } else {
    out += json::serialize(value);
  }
}

}  // namespace

std::string json_schema() {
  json::object server;
  json::object shared;
  json::object gateway;
  for (const auto& key : server_keys()) {
    add(server, key);
    if (!key.own) add(shared, key);
  }
  for (const ForeignKey& key : foreign_server_keys()) add(server, key);
  json::object top = shared;
  for (const auto& key : gateway_keys()) {
    add(gateway, key);
    if (key.path.starts_with("limits.")) add(top, key);
  }
  for (const ForeignKey& key : foreign_top_keys()) add(top, key);
  const json::object servers = {
      {"type", json::array{"object", "null"}},
      {"description", "The MCP servers, by name."},
      {"propertyNames", json::object{{"minLength", 1}, {"maxLength", 64}, {"pattern", "^[^/]+$"}}},
      {"additionalProperties", reference("server")}
  };
  top["mcpServers"] = servers;
  top["servers"] = servers;
  top["gateway"] = closed(std::move(gateway));
  top["defaults"] = closed(std::move(shared));
  json::object parts = json::parse(definitions).as_object();
  parts["server"] = closed(std::move(server));
  parts["server"].as_object()["type"] = "object";
  const json::object schema = {
      {"$schema", "http://json-schema.org/draft-07/schema#"},
      {"title", "Mooring configuration"},
      {"$comment", "Made from the key table in src/config. Do not edit."},
      {"type", json::array{"object", "null"}},
      {"additionalProperties", false},
      {"properties", std::move(top)},
      {"definitions", std::move(parts)}
  };
  std::string out;
  print(out, schema, 0);
  return out + "\n";
}

}  // namespace mooring::config
