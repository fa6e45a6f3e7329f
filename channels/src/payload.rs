//! Reading payloads leniently: whatever is missing or of another type is none.

use serde_json::Value;

/// The text at a JSON pointer; absent, null, blank and other types are all none.
pub(crate) fn text_at<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str().filter(|text| !text.is_empty())
}

/// The first of several pointers that holds text.
pub(crate) fn first_text<'a>(value: &'a Value, pointers: &[&str]) -> Option<&'a str> {
    pointers.iter().find_map(|pointer| text_at(value, pointer))
}

/// Whether there is a true at a JSON pointer; older payloads write it as a word.
pub(crate) fn is_true(value: &Value, pointer: &str) -> bool {
    match value.pointer(pointer) {
        Some(Value::Bool(yes)) => *yes,
        Some(Value::String(word)) => word == "true",
        _ => false,
    }
}
