//! Each provider's wire format: what a request must be, and the events of an answer.

use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::{Asked, KEY};

/// Tokens of a text, as this world counts.
fn tokens(text: &str) -> usize {
    text.len().div_ceil(4)
}

fn text_of(value: &Value) -> Result<String, String> {
    value.as_str().map(str::to_owned).ok_or_else(|| format!("not a text: {value}"))
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn must(holds: bool, what: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what.to_owned()) }
}

/// Reads a request as its provider does; an error is a 400, or a 401 where it says `key`.
pub(super) fn read(
    provider: &str,
    model: Option<&str>,
    (headers, body): (&HeaderMap, &Value),
) -> Result<Asked, String> {
    for forbidden in ["tools", "functions", "tool_choice", "toolConfig"] {
        must(body.get(forbidden).is_none(), "there are to be no tools")?;
    }
    let (model, system, user) = match provider {
        "anthropic" => {
            must(header(headers, "x-api-key") == KEY, "key")?;
            must(header(headers, "anthropic-version") == "2023-06-01", "anthropic-version")?;
            must(body["max_tokens"].is_u64() && body["stream"] == true, "max_tokens and stream")?;
            let format = &body["output_config"]["format"];
            must(format["type"] == "json_schema" && is_closed(&format["schema"]), "the schema")?;
            must(body["messages"][0]["role"] == "user", "a message of the user")?;
            (text_of(&body["model"])?, &body["system"], &body["messages"][0]["content"])
        }
        "gemini" => {
            must(header(headers, "x-goog-api-key") == KEY, "key")?;
            let config = &body["generationConfig"];
            must(config["maxOutputTokens"].is_u64(), "maxOutputTokens")?;
            must(config["responseMimeType"] == "application/json", "responseMimeType")?;
            must(is_closed(&config["responseJsonSchema"]), "the schema")?;
            let text = |place: &'static str| body.pointer(place).unwrap_or(&Value::Null);
            let (system, user) = (text("/systemInstruction/parts/0/text"), text("/contents/0/parts/0/text"));
            (model.unwrap_or_default().to_owned(), system, user)
        }
        _ => {
            must(header(headers, "authorization") == format!("Bearer {KEY}"), "key")?;
            must(body["stream"] == true && body["stream_options"]["include_usage"] == true, "stream")?;
            let (bound, format) = (provider_bound(provider), &body["response_format"]);
            must(body[bound].is_u64(), bound)?;
            if provider == "deepseek" {
                must(format["type"] == "json_object", "response_format")?;
                must(body["messages"][0]["content"].to_string().contains("JSON"), "the word JSON")?;
            } else {
                let schema = &format["json_schema"];
                must(schema["strict"] == true && is_closed(&schema["schema"]), "the schema")?;
                must(schema["name"].is_string(), "the schema's name")?;
            }
            (text_of(&body["model"])?, &body["messages"][0]["content"], &body["messages"][1]["content"])
        }
    };
    let (system, user) = (text_of(system)?, text_of(user)?);
    Ok(Asked { provider: provider.to_owned(), model, system, user, body: body.clone() })
}

fn provider_bound(provider: &str) -> &'static str {
    if provider == "openai" { "max_completion_tokens" } else { "max_tokens" }
}

/// A schema that lets nothing else in, with all its fields required.
fn is_closed(schema: &Value) -> bool {
    let fields = schema["properties"].as_object().map_or(0, serde_json::Map::len);
    schema["type"] == "object"
        && schema["additionalProperties"] == false
        && schema["required"].as_array().map_or(0, Vec::len) == fields
}

/// An answer cut in pieces, as its provider streams it. With `tool` it asks for one.
pub(super) fn events(asked: &Asked, answer: &str, (tool, counted): (bool, bool)) -> Vec<String> {
    let half = answer.floor_char_boundary(answer.len() / 2);
    let (first, second) = answer.split_at(half);
    let (input, output) = (tokens(&asked.system) + tokens(&asked.user), tokens(answer));
    match asked.provider.as_str() {
        "anthropic" => anthropic((first, second), (input, output), (tool, counted)),
        "gemini" => gemini((first, second), (input, output), (tool, counted)),
        _ => chat((first, second), (input, output), (tool, counted)),
    }
}

/// How many events of an answer stand before its second half.
pub(super) fn cut(provider: &str) -> usize {
    if provider == "anthropic" { 4 } else { 2 }
}

fn anthropic(
    (first, second): (&str, &str),
    (input, output): (usize, usize),
    (tool, counted): (bool, bool),
) -> Vec<String> {
    let event =
        |value: Value| format!("event: {}\ndata: {value}\n\n", value["type"].as_str().unwrap_or_default());
    let usage = |input: usize, output: usize| {
        if counted { json!({ "input_tokens": input, "output_tokens": output }) } else { Value::Null }
    };
    let block = if tool {
        json!({ "type": "tool_use", "id": "t", "name": "send_mail", "input": {} })
    } else {
        json!({ "type": "text", "text": "" })
    };
    let delta = |text: &str| json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": text } });
    let ended = if counted { json!({ "output_tokens": output }) } else { Value::Null };
    [
        json!({ "type": "message_start", "message": { "id": "m", "role": "assistant", "usage": usage(input, 1) } }),
        json!({ "type": "content_block_start", "index": 0, "content_block": block }),
        json!({ "type": "ping" }),
        delta(first),
        delta(second),
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" }, "usage": ended }),
        json!({ "type": "message_stop" }),
    ]
    .map(event)
    .into()
}

fn chat(
    (first, second): (&str, &str),
    (input, output): (usize, usize),
    (tool, counted): (bool, bool),
) -> Vec<String> {
    let event = |value: Value| format!("data: {value}\n\n");
    let chunk = |delta: Value, reason: Value| {
        json!({ "object": "chat.completion.chunk", "usage": null,
                "choices": [{ "index": 0, "delta": delta, "finish_reason": reason }] })
    };
    let called = json!([{ "index": 0, "id": "t", "type": "function", "function": { "name": "send_mail" } }]);
    let begun =
        if tool { json!({ "tool_calls": called }) } else { json!({ "role": "assistant", "content": "" }) };
    let mut events = vec![
        event(chunk(begun, Value::Null)),
        event(chunk(json!({ "content": first }), Value::Null)),
        event(chunk(json!({ "content": second }), Value::Null)),
        event(chunk(json!({}), json!("stop"))),
    ];
    if counted {
        let usage =
            json!({ "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output });
        events.push(event(json!({ "object": "chat.completion.chunk", "choices": [], "usage": usage })));
    }
    events.push("data: [DONE]\n\n".to_owned());
    events
}

fn gemini(
    (first, second): (&str, &str),
    (input, output): (usize, usize),
    (tool, counted): (bool, bool),
) -> Vec<String> {
    let event = |value: Value| format!("data: {value}\r\n\r\n");
    let part = |part: Value, reason: Option<&str>| json!({ "candidates": [{ "index": 0, "content": { "role": "model", "parts": [part] }, "finishReason": reason }] });
    let begun =
        if tool { json!({ "functionCall": { "name": "send_mail" } }) } else { json!({ "text": first }) };
    let mut last = part(json!({ "text": second }), Some("STOP"));
    if counted {
        last["usageMetadata"] = json!({ "promptTokenCount": input, "candidatesTokenCount": output });
    }
    vec![event(part(json!({ "text": "", "thought": true }), None)), event(part(begun, None)), event(last)]
}
