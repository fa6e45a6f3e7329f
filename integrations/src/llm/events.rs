//! Server-sent events as they arrive: only their data, bounded in size.

use reqwest::Response;

use crate::call::CallError;

/// Most bytes of one answer.
const BYTES_MAX: usize = 1 << 20;

/// The events of one answer.
#[derive(Debug)]
pub(super) struct Events {
    response: Response,
    reader: Reader,
    total: usize,
    is_over: bool,
}

impl Events {
    pub(super) fn of(response: Response) -> Self {
        Self { response, reader: Reader::default(), total: 0, is_over: false }
    }

    /// The next event's data; none at the end.
    pub(super) async fn next(&mut self) -> Result<Option<String>, CallError> {
        loop {
            if let Some(event) = self.reader.take()? {
                return Ok(Some(event));
            }
            if self.is_over {
                return Ok(None);
            }
            match self.response.chunk().await {
                Ok(Some(part)) => {
                    self.total += part.len();
                    if self.total > BYTES_MAX {
                        return Err(super::garbage(format!("more than {BYTES_MAX} bytes")));
                    }
                    self.reader.add(&part);
                }
                Ok(None) => {
                    self.is_over = true;
                    // An event that was not ended is none.
                }
                Err(error) => {
                    let cause = error.without_url().to_string();
                    return Err(CallError::OutcomeUnknown { cause });
                }
            }
        }
    }
}

/// Cuts bytes into events, wherever the network cut them.
#[derive(Debug, Default)]
struct Reader {
    bytes: Vec<u8>,
    /// Up to here all lines were read.
    at: usize,
    data: Option<String>,
}

impl Reader {
    fn add(&mut self, part: &[u8]) {
        self.bytes.drain(..self.at);
        self.at = 0;
        self.bytes.extend_from_slice(part);
    }

    fn take(&mut self) -> Result<Option<String>, CallError> {
        while let Some(length) = self.bytes[self.at..].iter().position(|byte| *byte == b'\n') {
            let line = &self.bytes[self.at..self.at + length];
            self.at += length + 1;
            let line = std::str::from_utf8(line).map_err(|_| super::garbage("an event is not UTF-8"))?;
            let line = line.strip_suffix('\r').unwrap_or(line);
            if line.is_empty() {
                if let Some(data) = self.data.take() {
                    return Ok(Some(data));
                }
            } else if let Some(value) = line.strip_prefix("data:") {
                let value = value.strip_prefix(' ').unwrap_or(value);
                match &mut self.data {
                    Some(data) => {
                        data.push('\n');
                        data.push_str(value);
                    }
                    None => self.data = Some(value.to_owned()),
                }
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str, size: usize) -> Vec<String> {
        let (mut reader, mut found) = (Reader::default(), Vec::new());
        for part in text.as_bytes().chunks(size) {
            reader.add(part);
            while let Some(event) = reader.take().unwrap() {
                found.push(event);
            }
        }
        found
    }

    #[test]
    fn events_are_the_same_however_the_network_cuts_them() {
        let text =
            ": hello\nevent: a\ndata: {\"x\":\"é\"}\r\n\r\ndata:one\ndata: two\n\nid: 3\n\ndata: unended";
        for size in 1..text.len() {
            assert_eq!(cut(text, size), ["{\"x\":\"é\"}", "one\ntwo"], "{size}");
        }
    }

    #[test]
    fn what_is_no_text_is_garbage() {
        let mut reader = Reader::default();
        reader.add(b"data: \xff\n\n");
        assert!(reader.take().is_err());
    }
}
