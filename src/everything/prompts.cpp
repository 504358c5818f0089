#include "everything/prompts.hpp"

#include <fmt/format.h>

#include <array>
#include <initializer_list>

#include "everything/media.hpp"
#include "protocol/json_scan.hpp"
#include "protocol/messages.hpp"

namespace mooring::everything {
namespace {

std::unexpected<RpcError> bad_params(std::string message) {
  return std::unexpected(RpcError{protocol::invalid_params, std::move(message)});
}

/// `contents` are raw content blocks, each its own message of the user.
std::string user_messages(
    std::string_view description, std::initializer_list<std::string> contents
) {
  std::string messages;
  for (const auto& content : contents) {
    if (!messages.empty()) messages += ',';
    messages += fmt::format(R"({{"role":"user","content":{}}})", content);
  }
  return fmt::format(
      R"({{"description":{},"messages":[{}]}})", protocol::quote(description), messages
  );
}

std::string text_block(std::string_view text) {
  return fmt::format(R"({{"type":"text","text":{}}})", protocol::quote(text));
}

RpcResult with_arguments(const Arguments& arguments) {
  auto arg1 = arguments.text("arg1");
  auto arg2 = arguments.text("arg2");
  if (!arg1) return bad_params("Missing required argument: arg1");
  if (!arg2) return bad_params("Missing required argument: arg2");
  return user_messages(
      "A prompt with two arguments",
      {text_block(fmt::format("Prompt with arguments: arg1='{}', arg2='{}'", *arg1, *arg2))}
  );
}

RpcResult with_embedded_resource(const Arguments& arguments) {
  auto uri = arguments.text("resourceUri");
  if (!uri) return bad_params("Missing required argument: resourceUri");
  auto resource = fmt::format(
      R"({{"type":"resource","resource":{{"uri":{},"mimeType":"text/plain","text":"Embedded resource content for testing."}}}})",
      protocol::quote(*uri)
  );
  return user_messages(
      "A prompt with an embedded resource",
      {std::move(resource), text_block("Please process the embedded resource above.")}
  );
}

std::string completion(std::initializer_list<std::string_view> candidates, std::string_view begun) {
  std::string values;
  int total = 0;
  for (auto candidate : candidates) {
    if (!candidate.starts_with(begun)) continue;
    if (total++ > 0) values += ',';
    values += protocol::quote(candidate);
  }
  return fmt::format(
      R"({{"completion":{{"values":[{}],"total":{},"hasMore":false}}}})", values, total
  );
}

}  // namespace

const std::vector<std::string_view>& prompt_definitions() {
  static const std::vector<std::string_view> all{
      R"({"name":"test_simple_prompt","title":"Simple prompt","description":"A prompt without arguments"})",
      R"({"name":"test_prompt_with_arguments","title":"Prompt with arguments","description":"A prompt with two arguments","arguments":[{"name":"arg1","description":"First test argument","required":true},{"name":"arg2","description":"Second test argument","required":true}]})",
      R"({"name":"test_prompt_with_embedded_resource","title":"Prompt with a resource","description":"A prompt with an embedded resource","arguments":[{"name":"resourceUri","description":"URI of the resource to embed","required":true}]})",
      R"({"name":"test_prompt_with_image","title":"Prompt with an image","description":"A prompt with an image"})",
      R"({"name":"test_input_required_result_prompt","title":"Prompt that asks","description":"A prompt that asks for its context"})",
  };
  return all;
}

RpcResult get_prompt(std::string_view name, const Arguments& arguments) {
  if (name == "test_simple_prompt") {
    return user_messages(
        "A prompt without arguments", {text_block("This is a simple prompt for testing.")}
    );
  }
  if (name == "test_prompt_with_arguments") return with_arguments(arguments);
  if (name == "test_prompt_with_embedded_resource") return with_embedded_resource(arguments);
  if (name == "test_prompt_with_image") {
    auto image =
        fmt::format(R"({{"type":"image","data":"{}","mimeType":"image/png"}})", red_pixel_png);
    return user_messages(
        "A prompt with an image", {std::move(image), text_block("Please analyze the image above.")}
    );
  }
  return bad_params(fmt::format("Unknown prompt: {}", name));
}

RpcResult complete(std::string_view params) {
  auto ref = protocol::member(params, "ref").value_or("{}");
  auto argument = protocol::member(params, "argument").value_or("{}");
  auto type = protocol::string_member(ref, "type");
  auto name = protocol::string_member(argument, "name");
  auto begun = protocol::string_member(argument, "value");
  if (name.empty()) return bad_params("argument.name is missing");
  if (type == "ref/prompt") {
    auto prompt = protocol::string_member(ref, "name");
    if (prompt == "test_prompt_with_arguments" && name == "arg1") {
      return completion({"paris", "park", "party"}, begun);
    }
    for (auto definition : prompt_definitions()) {
      if (protocol::string_member(definition, "name") == prompt) return completion({}, begun);
    }
    return bad_params(fmt::format("Unknown prompt: {}", prompt));
  }
  if (type == "ref/resource") {
    auto uri = protocol::string_member(ref, "uri");
    if (uri != "test://template/{id}/data") return bad_params("Unknown resource template: " + uri);
    return completion({"1", "12", "123"}, begun);
  }
  return bad_params("ref.type must be ref/prompt or ref/resource");
}

}  // namespace mooring::everything
