//! S1-84: a tool's text as JSON.

use serde_json::Value;

/// The text holds no JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Result is not valid JSON and no embedded JSON could be extracted")]
pub struct NoJson;

/// The object or array that a text is, or that its first block fenced as `json` holds.
pub fn json_result(text: &str) -> Result<Value, NoJson> {
    parse(text).or_else(|| parse(fenced(text)?)).ok_or(NoJson)
}

fn parse(text: &str) -> Option<Value> {
    serde_json::from_str(text.trim()).ok().filter(|value: &Value| value.is_object() || value.is_array())
}

fn fenced(text: &str) -> Option<&str> {
    let mut rest = text;
    loop {
        let (_, after) = rest.split_once("```")?;
        let (label, content) = after.split_once('\n').unwrap_or((after, ""));
        if label.trim().eq_ignore_ascii_case("json") {
            return content.split_once("```").map(|(block, _)| block);
        }
        // Another block: go on behind its end.
        rest = after.split_once("```")?.1;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_whole_text_or_its_first_json_block_counts() {
        assert_eq!(json_result(" {\"a\": 1} "), Ok(json!({"a": 1})));
        assert_eq!(
            json_result("Here:\n```python\nx = 1\n```\n```json\n[1, 2]\n```\nand\n```json\n{}\n```"),
            Ok(json!([1, 2]))
        );
        for text in ["5", "\"text\"", "words", "```\n{}\n```", "```json\nnope\n```", "```json\n{}", ""] {
            assert_eq!(json_result(text), Err(NoJson), "{text}");
        }
    }
}
