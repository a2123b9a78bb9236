//! An answer for people: the text on standard output, what led to it on standard error.

use std::io::{self, IsTerminal, Write};

use serde_json::Value;

use super::End;
use crate::frame::s1::{S1Call, S1Delta};

const DIM: &str = "\u{1b}[2m";
const RED: &str = "\u{1b}[31m";
const PLAIN: &str = "\u{1b}[0m";

/// Characters of a call's arguments that are shown; the rest is for the service's own records.
const ARGUMENTS: usize = 400;

/// Lines and characters of a tool's result that are shown.
const RESULT_LINES: usize = 12;
const RESULT: usize = 2_000;

/// Shows S1's frames as they come.
pub(super) struct Show {
    answer: Box<dyn Write + Send>,
    beside: Box<dyn Write + Send>,
    colour: bool,
    /// Both go to one terminal, so that a change from one to the other needs a line of its own.
    together: bool,
    place: Place,
    calls: Vec<S1Call>,
    session: Option<String>,
    failed: bool,
}

/// What was written last, and whether its line is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    LineStart,
    Answer,
    Thinking,
    Delegate,
}

impl Show {
    /// Shows on this process's own outputs.
    pub(super) fn in_terminal() -> Self {
        let beside = io::stderr().is_terminal();
        let together = beside && io::stdout().is_terminal();
        let colour = beside && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self::new(Box::new(io::stdout()), Box::new(io::stderr()), colour, together)
    }

    fn new(answer: Box<dyn Write + Send>, beside: Box<dyn Write + Send>, colour: bool, together: bool) -> Self {
        let (place, calls) = (Place::LineStart, Vec::new());
        Self { answer, beside, colour, together, place, calls, session: None, failed: false }
    }

    /// The session, once the answer has named it.
    pub(super) fn session(&self) -> Option<&str> {
        self.session.as_deref()
    }

    /// How the answer ended, as far as its frames told.
    pub(super) fn end(&self) -> End {
        if self.failed { End::Failed } else { End::Answered }
    }

    /// Shows one frame.
    pub(super) fn frame(&mut self, event: Option<&str>, data: &str) {
        let value: Value = serde_json::from_str(data).unwrap_or_default();
        match event {
            Some("init") => self.session = value["session_id"].as_str().map(str::to_owned),
            Some("approval") => self.approval(&value),
            Some(_) => {}
            None => match S1Delta::deserialize_from(&value) {
                Some(delta) => self.delta(delta),
                None => {
                    if let Some(error) = value["error"].as_str() {
                        self.error(error);
                    }
                }
            },
        }
    }

    /// Ends the open line, and names the session for the next question, or says that the one `asked` for is not there.
    pub(super) fn finish(&mut self, asked: Option<&str>) {
        self.tell_calls();
        self.begin(Place::LineStart);
        match (self.session.take(), asked) {
            (Some(session), _) => self.aside(&format!("session {session}\n"), DIM),
            (None, Some(asked)) => {
                self.aside(&format!("there is no session {asked}: nothing of this is kept; `new` begins one\n"), DIM);
            }
            (None, None) => {}
        }
    }

    fn delta(&mut self, delta: S1Delta) {
        match delta.role.as_str() {
            "usage" => self.tell_calls(),
            "tool" if delta.streaming.is_some() => {
                if let Some(piece) = delta.delta.filter(|piece| !piece.is_empty()) {
                    self.tell_calls();
                    self.begin(Place::Delegate);
                    self.aside(&piece, DIM);
                }
            }
            "tool" => {
                self.tell_calls();
                self.result(delta.name.as_deref().unwrap_or("tool"), &delta.content);
            }
            _ => self.assistant(delta),
        }
    }

    fn assistant(&mut self, delta: S1Delta) {
        if delta.error_code.is_some() {
            return self.error(delta.content.trim_start().trim_start_matches("Error: "));
        }
        if let Some(thinking) = delta.thinking.filter(|thinking| !thinking.is_empty()) {
            self.begin(Place::Thinking);
            self.aside(&thinking, DIM);
        }
        if !delta.content.is_empty() {
            self.begin(Place::Answer);
            write(&mut self.answer, &delta.content);
        }
        for piece in delta.tool_calls.into_iter().flatten() {
            let index = piece.index.unwrap_or(self.calls.len());
            match self.calls.get_mut(index) {
                Some(call) => call.arguments.push_str(&piece.arguments),
                None => self.calls.push(piece),
            }
        }
    }

    /// A call is shown when it is whole: its arguments come in pieces.
    fn tell_calls(&mut self) {
        for call in std::mem::take(&mut self.calls) {
            self.begin(Place::LineStart);
            let arguments = clipped(&call.arguments, ARGUMENTS, 1);
            self.aside(&format!("→ {} {arguments}\n", call.name), DIM);
        }
    }

    fn result(&mut self, name: &str, content: &str) {
        self.begin(Place::LineStart);
        let content = clipped(content.trim_end(), RESULT, RESULT_LINES);
        self.aside(&format!("← {name}: {}\n", content.replace('\n', "\n  ")), DIM);
    }

    fn approval(&mut self, value: &Value) {
        self.tell_calls();
        self.begin(Place::LineStart);
        let text = |name: &str| value[name].as_str().unwrap_or_default();
        let (run, call) = (text("run_id"), text("call_id"));
        let wait = format!("{} waits for approval: POST /v1/runs/{run}/approvals/{call}\n", text("name"));
        self.aside(&wait, "");
    }

    fn error(&mut self, error: &str) {
        self.failed = true;
        self.tell_calls();
        self.begin(Place::LineStart);
        self.aside(&format!("error: {error}\n"), RED);
    }

    /// Ends the open line where something else follows.
    fn begin(&mut self, place: Place) {
        if self.place == place {
            return;
        }
        match self.place {
            // What is piped ends with a line of its own; only in a terminal must the rest not stick to it.
            Place::Answer if self.together || place == Place::LineStart => write(&mut self.answer, "\n"),
            Place::LineStart | Place::Answer => {}
            Place::Thinking | Place::Delegate => write(&mut self.beside, "\n"),
        }
        self.place = place;
    }

    fn aside(&mut self, text: &str, style: &str) {
        if self.colour && !style.is_empty() {
            // The style ends before the line does, or some terminals paint the next one too.
            let (text, end) = text.strip_suffix('\n').map_or((text, ""), |text| (text, "\n"));
            write(&mut self.beside, &format!("{style}{text}{PLAIN}{end}"));
        } else {
            write(&mut self.beside, text);
        }
    }
}

impl S1Delta {
    /// A message delta; `None` if it is another frame.
    fn deserialize_from(value: &Value) -> Option<Self> {
        serde::Deserialize::deserialize(value).ok()
    }
}

/// At most so many characters and lines; says how much is missing.
fn clipped(text: &str, characters: usize, lines: usize) -> String {
    let by_lines: Vec<&str> = text.lines().take(lines).collect();
    let mut shown: String = by_lines.join("\n").chars().take(characters).collect();
    let missing = text.chars().count() - shown.chars().count();
    if missing > 1 {
        shown.push_str(" … (");
        shown.push_str(&missing.to_string());
        shown.push_str(" more characters)");
    }
    shown
}

/// A closed output ends nothing: the run goes on, and its end is told by the exit code.
fn write(to: &mut Box<dyn Write + Send>, text: &str) {
    let _ = to.write_all(text.as_bytes()).and_then(|()| to.flush());
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::json;

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Page {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn shown(frames: &[(Option<&str>, Value)]) -> (String, String, End) {
        let (answer, beside) = (Page::default(), Page::default());
        let mut show = Show::new(Box::new(answer.clone()), Box::new(beside.clone()), false, false);
        for (event, data) in frames {
            show.frame(*event, &data.to_string());
        }
        show.finish(None);
        (answer.text(), beside.text(), show.end())
    }

    #[test]
    fn the_answer_and_what_led_to_it_go_to_different_places() {
        let call = |arguments: &str| json!([{"id": "c", "name": "bash", "arguments": arguments, "_index": 0}]);
        let (answer, beside, end) = shown(&[
            (Some("init"), json!({"session_id": "s1"})),
            (None, json!({"role": "assistant", "content": "", "thinking": "let me "})),
            (None, json!({"role": "assistant", "content": "", "thinking": "see"})),
            (None, json!({"role": "assistant", "content": "", "tool_calls": call("{\"command\":")})),
            (None, json!({"role": "assistant", "content": "", "tool_calls": call("\"date\"}")})),
            (None, json!({"role": "usage", "content": "{}", "name": "round"})),
            (None, json!({"role": "tool", "content": "Mon\nTue", "name": "bash", "tool_use_id": "c"})),
            (None, json!({"role": "assistant", "content": "It is "})),
            (None, json!({"role": "assistant", "content": "Monday."})),
        ]);
        assert_eq!(answer, "It is Monday.\n");
        assert_eq!(beside, "let me see\n→ bash {\"command\":\"date\"}\n← bash: Mon\n  Tue\nsession s1\n");
        assert_eq!(end, End::Answered);
    }

    #[test]
    fn an_error_is_shown_and_makes_it_a_failure() {
        let frame = json!({"role": "assistant", "content": "Error: no model answers", "error_code": "MODEL"});
        assert_eq!(shown(&[(None, frame)]), (String::new(), "error: no model answers\n".to_owned(), End::Failed));
        let frame = json!({"error": "cut off", "error_code": "STEP_RESTARTED"});
        assert_eq!(shown(&[(None, frame)]), (String::new(), "error: cut off\n".to_owned(), End::Failed));
    }

    #[test]
    fn a_long_result_is_clipped_and_says_so() {
        let text = "line\n".repeat(100);
        let shown = clipped(text.trim_end(), RESULT, RESULT_LINES);
        assert_eq!(shown.lines().count(), RESULT_LINES);
        assert!(shown.ends_with("more characters)"), "{shown}");
        assert_eq!(clipped("short", RESULT, RESULT_LINES), "short");
    }
}
