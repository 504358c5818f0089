#include <fmt/format.h>

#include "everything/media.hpp"
#include "everything/tool_call.hpp"
#include "everything/toolbox.hpp"

/// The tools that the official conformance suite calls and that ask nothing of the client. Texts
/// are the suite's.
namespace mooring::everything {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view read_only =
    R"({"readOnlyHint":true,"idempotentHint":true,"openWorldHint":false})";

// The suite compares this schema keyword by keyword.
constexpr std::string_view schema_2020_12 =
    R"({"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object",)"
    R"("$defs":{"address":{"$anchor":"addressDef","type":"object","properties":{"street":{"type":"string"},)"
    R"("city":{"type":"string"}}}},"properties":{"name":{"type":"string"},"address":{"$ref":"#/$defs/address"},)"
    R"("contactMethod":{"type":"string","enum":["phone","email"]},"phone":{"type":"string"},)"
    R"("email":{"type":"string"}},"allOf":[{"anyOf":[{"required":["phone"]},{"required":["email"]}]}],)"
    R"("if":{"properties":{"contactMethod":{"const":"phone"}},"required":["contactMethod"]},)"
    R"("then":{"required":["phone"]},"else":{"required":["email"]},"additionalProperties":false})";

awaitable<std::string> simple_text(ToolCall&) {
  co_return text_result("This is a simple text response for testing.");
}

awaitable<std::string> image(ToolCall&) {
  co_return fmt::format(
      R"({{"content":[{{"type":"image","data":"{}","mimeType":"image/png"}}]}})", red_pixel_png
  );
}

awaitable<std::string> audio(ToolCall&) {
  co_return fmt::format(
      R"({{"content":[{{"type":"audio","data":"{}","mimeType":"audio/wav"}}]}})", silence_wav
  );
}

awaitable<std::string> embedded_resource(ToolCall&) {
  co_return R"({"content":[{"type":"resource","resource":{"uri":"test://embedded-resource",)"
            R"("mimeType":"text/plain","text":"This is an embedded resource content."}}]})";
}

awaitable<std::string> multiple_content_types(ToolCall&) {
  co_return fmt::format(
      R"({{"content":[{{"type":"text","text":"Multiple content types test:"}},)"
      R"({{"type":"image","data":"{}","mimeType":"image/png"}},)"
      R"({{"type":"resource","resource":{{"uri":"test://mixed-content-resource",)"
      R"("mimeType":"application/json","text":"{{\"test\":\"data\",\"value\":123}}"}}}}]}})",
      red_pixel_png
  );
}

awaitable<std::string> with_logging(ToolCall& call) {
  co_await call.log("Tool execution started");
  co_await call.pause(50ms);
  co_await call.log("Tool processing data");
  co_await call.pause(50ms);
  co_await call.log("Tool execution completed");
  co_return text_result("Tool with logging executed successfully");
}

awaitable<std::string> with_progress(ToolCall& call) {
  co_await call.progress(0, 100, "Completed step 0 of 100");
  co_await call.pause(50ms);
  co_await call.progress(50, 100, "Completed step 50 of 100");
  co_await call.pause(50ms);
  co_await call.progress(100, 100, "Completed step 100 of 100");
  co_return text_result("Tool with progress executed successfully");
}

awaitable<std::string> always_fails(ToolCall&) {
  co_return error_result("This tool intentionally returns an error for testing");
}

awaitable<std::string> reconnection(ToolCall& call) {
  // Only a stream that has begun can be cut.
  co_await call.log("Closing the stream");
  call.disconnect();
  co_await call.pause(100ms);
  co_return text_result("Reconnection test completed successfully");
}

awaitable<std::string> schema_tool(ToolCall& call) {
  co_return text_result(
      "JSON Schema 2020-12 tool called for " + call.arguments().text("name").value_or("nobody")
  );
}

}  // namespace

void add_contract_tools(Toolbox& tools) {
  tools.add("test_simple_text", "Returns one text block", read_only, simple_text);
  tools.add("test_image_content", "Returns one PNG image", read_only, image);
  tools.add("test_audio_content", "Returns one WAV sound", read_only, audio);
  tools.add("test_embedded_resource", "Returns an embedded resource", read_only, embedded_resource);
  tools.add(
      "test_multiple_content_types", "Returns a text, an image and an embedded resource", read_only,
      multiple_content_types
  );
  tools.add(
      "test_tool_with_logging", "Sends three log messages while it runs", read_only, with_logging
  );
  tools.add("test_tool_with_progress", "Reports progress 0, 50 and 100", read_only, with_progress);
  tools.add("test_error_handling", "Always returns an error", read_only, always_fails);
  tools.add(
      "test_reconnection", "Closes its own SSE stream and answers 100 ms later, on the resumed one",
      read_only, reconnection
  );
  tools.add(
      "json_schema_2020_12_tool", "Tool with JSON Schema 2020-12 features", read_only, schema_tool,
      schema_2020_12
  );
}

}  // namespace mooring::everything
