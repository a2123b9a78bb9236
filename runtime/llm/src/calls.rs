//! Puts the pieces of tool calls where they belong, although providers number them in every way there is.

use serde::de::IgnoredAny;
use troupe_core::model::{ModelEvent, ToolCallDelta};

/// A piece of a call as the wire has it.
#[derive(Debug, Default)]
pub(crate) struct Piece {
    /// The provider's number of the call: may be missing, or the same for several calls.
    pub(crate) index: Option<u64>,
    /// The provider's id, in one piece or in all.
    pub(crate) id: Option<String>,
    /// The tool's name, in one piece or in all.
    pub(crate) name: Option<String>,
    /// The next piece of the arguments.
    pub(crate) arguments: String,
}

impl Piece {
    /// Empty ids and names are missing ones: some providers repeat them so in every piece.
    fn without_blanks(self) -> Self {
        let (id, name) = (self.id.filter(|id| !id.is_empty()), self.name.filter(|name| !name.is_empty()));
        Self { id, name, ..self }
    }
}

/// One call as far as it came.
#[derive(Debug, Default)]
struct Call {
    index: Option<u64>,
    id: Option<String>,
    name: Option<String>,
    arguments: String,
    /// Whether the first piece went out; pieces wait until the name is known.
    announced: bool,
}

/// The calls of one answer.
#[derive(Debug)]
pub(crate) struct Calls {
    calls: Vec<Call>,
    /// What ids of our own begin with; differs between answers, so that ids never repeat in a conversation.
    seed: String,
}

impl Calls {
    /// No calls yet.
    pub(crate) fn new(seed: String) -> Self {
        Self { calls: Vec::new(), seed }
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Whether one has no name, so that nothing can be called.
    pub(crate) fn has_nameless(&self) -> bool {
        self.calls.iter().any(|call| !call.announced)
    }

    /// Takes a piece, which may begin a call or go on with one.
    pub(crate) fn piece(&mut self, piece: Piece) -> Option<ModelEvent> {
        let piece = piece.without_blanks();
        match self.place(&piece) {
            Some(place) => self.extend(place, piece),
            None => self.begin(piece),
        }
    }

    /// Takes a piece that begins a call, whatever its number says.
    pub(crate) fn begin(&mut self, piece: Piece) -> Option<ModelEvent> {
        self.calls.push(Call { index: piece.index, ..Call::default() });
        self.extend(self.calls.len() - 1, piece.without_blanks())
    }

    /// The call that a piece goes on with; `None` = it begins one.
    fn place(&self, piece: &Piece) -> Option<usize> {
        let place = match (piece.index, &piece.id) {
            (Some(index), _) => self.calls.iter().rposition(|call| call.index == Some(index))?,
            (None, Some(id)) => self.calls.iter().rposition(|call| call.id.as_ref() == Some(id))?,
            (None, None) => self.calls.len().checked_sub(1)?,
        };
        let call = &self.calls[place];
        let (Some(new), Some(old)) = (&piece.name, &call.name) else { return Some(place) };
        let begins = match (&piece.id, &call.id) {
            (Some(new), Some(old)) => new != old,
            _ => new != old || serde_json::from_str::<IgnoredAny>(&call.arguments).is_ok(),
        };
        (!begins).then_some(place)
    }

    fn extend(&mut self, place: usize, piece: Piece) -> Option<ModelEvent> {
        let call = &mut self.calls[place];
        call.arguments.push_str(&piece.arguments);
        if call.announced {
            let delta = ToolCallDelta { index: place, arguments: piece.arguments, ..ToolCallDelta::default() };
            return (!delta.arguments.is_empty()).then_some(ModelEvent::ToolCall(delta));
        }
        call.id = call.id.take().or(piece.id);
        call.name = call.name.take().or(piece.name);
        let name = call.name.clone()?;
        let id = call.id.get_or_insert_with(|| format!("call_{}{place}", self.seed)).clone();
        call.announced = true;
        let arguments = call.arguments.clone();
        Some(ModelEvent::ToolCall(ToolCallDelta { index: place, id: Some(id), name: Some(name), arguments }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(index: impl Into<Option<u64>>, id: &str, name: &str, arguments: &str) -> Piece {
        let known = |text: &str| Some(text.to_owned());
        Piece { index: index.into(), id: known(id), name: known(name), arguments: arguments.to_owned() }
    }

    /// The calls that the pieces make, as `id name(arguments)`.
    fn joined(pieces: impl IntoIterator<Item = Piece>) -> Vec<String> {
        let mut calls = Calls::new("s".to_owned());
        let mut all: Vec<(String, String, String)> = Vec::new();
        for event in pieces.into_iter().filter_map(|piece| calls.piece(piece)) {
            let ModelEvent::ToolCall(delta) = event else { panic!("no call") };
            if delta.index == all.len() {
                all.push((delta.id.unwrap(), delta.name.unwrap(), delta.arguments));
            } else {
                assert_eq!((delta.id, delta.name), (None, None));
                all[delta.index].2.push_str(&delta.arguments);
            }
        }
        all.into_iter().map(|(id, name, arguments)| format!("{id} {name}({arguments})")).collect()
    }

    #[test]
    fn pieces_are_joined_by_index() {
        let pieces =
            [piece(0, "a", "f", ""), piece(1, "b", "g", "{\"y\""), piece(0, "", "", "{}"), piece(1, "", "", ":2}")];
        assert_eq!(joined(pieces), ["a f({})", "b g({\"y\":2})"]);
    }

    #[test]
    fn a_repeated_index_with_another_id_is_another_call() {
        assert_eq!(joined([piece(0, "a", "f", "{}"), piece(0, "b", "f", "{}")]), ["a f({})", "b f({})"]);
    }

    #[test]
    fn a_repeated_index_without_ids_is_another_call_once_the_first_is_whole() {
        let pieces = [piece(0, "", "f", "{\"x\""), piece(0, "", "f", ":1}"), piece(0, "", "f", "{}")];
        assert_eq!(joined(pieces), ["call_s0 f({\"x\":1})", "call_s1 f({})"]);
    }

    #[test]
    fn missing_indices_go_on_with_the_last_call_or_the_same_id() {
        let pieces = [
            piece(None, "a", "f", ""),
            piece(None, "", "", "{\"x\":"),
            piece(None, "a", "f", "1}"),
            piece(None, "", "g", "{}"),
        ];
        assert_eq!(joined(pieces), ["a f({\"x\":1})", "call_s1 g({})"]);
    }

    #[test]
    fn names_and_ids_in_every_piece_are_taken_once() {
        let pieces = [piece(0, "a", "f", "{"), piece(0, "a", "f", ""), piece(0, "a", "f", "}")];
        assert_eq!(joined(pieces), ["a f({})"]);
    }

    #[test]
    fn a_name_that_comes_late_brings_what_waited() {
        assert_eq!(joined([piece(0, "a", "", "{"), piece(0, "", "f", "}")]), ["a f({})"]);
        let mut calls = Calls::new(String::new());
        assert_eq!(calls.piece(piece(0, "a", "", "{}")), None);
        assert!(calls.has_nameless());
    }
}
