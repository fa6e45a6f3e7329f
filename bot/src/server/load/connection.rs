//! One kept-open HTTP/1.1 connection: as little work as possible, since load and server may share cores.

use std::io;

use hmac::{Hmac, Mac};
use secrecy::ExposeSecret;
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Load, Plan};

/// Answers longer than this are not ours.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Where the server listens.
#[derive(Debug, Clone)]
pub(super) struct Target {
    address: String,
}

impl Target {
    /// From the address the server binds to; one that means "everywhere" is reached on this machine.
    pub(super) fn of(listen: &str) -> Self {
        let address = listen.replace("0.0.0.0:", "127.0.0.1:").replace("[::]:", "[::1]:");
        Self { address }
    }
}

/// Why a request was not acknowledged.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The server answered with this status.
    Status(u16),
    /// There was no answer.
    Lost(io::Error),
}

/// A connection; opened anew when it breaks.
pub(super) struct Connection {
    target: Target,
    stream: Option<TcpStream>,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Connection {
    pub(super) async fn open(target: &Target) -> io::Result<Self> {
        let stream = Some(connect(target).await?);
        Ok(Self { target: target.clone(), stream, request: Vec::new(), answer: Vec::new() })
    }

    /// Sends one signed command and waits for its answer.
    pub(super) async fn post(&mut self, plan: &Plan, body: &str) -> Result<(), Trouble> {
        let timestamp = plan.clock.now().timestamp().to_string();
        let signature = sign(plan.secret.expose_secret(), &timestamp, body);
        self.request.clear();
        let head = format!(
            "POST /slack/commands HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             X-Slack-Request-Timestamp: {timestamp}\r\nX-Slack-Signature: v0={signature}\r\nContent-Length: {}\r\n\r\n",
            self.target.address,
            body.len()
        );
        self.request.extend_from_slice(head.as_bytes());
        self.request.extend_from_slice(body.as_bytes());
        match self.exchange().await {
            Ok(200) => Ok(()),
            Ok(status) => Err(Trouble::Status(status)),
            Err(error) => {
                self.stream = None;
                Err(Trouble::Lost(error))
            }
        }
    }

    async fn exchange(&mut self) -> io::Result<u16> {
        let stream = match self.stream.take() {
            Some(stream) => self.stream.insert(stream),
            None => self.stream.insert(connect(&self.target).await?),
        };
        stream.write_all(&self.request).await?;
        self.answer.clear();
        loop {
            if stream.read_buf(&mut self.answer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some((status, length)) = read_head(&self.answer)? {
                if self.answer.len() >= length {
                    return Ok(status);
                }
            } else if self.answer.len() > ANSWER_BYTES_MAX {
                return Err(io::ErrorKind::InvalidData.into());
            }
        }
    }
}

async fn connect(target: &Target) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(&target.address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Status and full length of an answer, once its head is complete.
fn read_head(answer: &[u8]) -> io::Result<Option<(u16, usize)>> {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let odd = || io::Error::from(io::ErrorKind::InvalidData);
    let head = std::str::from_utf8(&answer[..end]).map_err(|_| odd())?;
    let status = head.get(9..12).and_then(|digits| digits.parse().ok()).ok_or_else(odd)?;
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse::<usize>().ok())
        .ok_or_else(odd)?;
    Ok(Some((status, end + 4 + length)))
}

fn sign(secret: &str, timestamp: &str, body: &str) -> String {
    // HMAC takes keys of every length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    for part in ["v0:", timestamp, ":", body] {
        mac.update(part.as_bytes());
    }
    hex::encode(mac.finalize().into_bytes())
}

/// A slash command's body as Slack sends it, up to the trigger, which ends it.
pub(super) fn command(options: &Load) -> String {
    let Load { team, user, text, .. } = options;
    let text: String = text
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => char::from(byte).to_string(),
            b' ' => "+".to_owned(),
            _ => format!("%{byte:02X}"),
        })
        .collect();
    format!(
        "token=none&team_id={team}&team_domain=load&channel_id=C0LOAD&channel_name=load&user_id={user}&user_name=load\
         &command=%2Fdeal&text={text}&api_app_id=A0LOAD&is_enterprise_install=false\
         &response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2F{team}%2F1%2Fload&trigger_id="
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_complete_when_its_length_is_there() {
        let answer = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: x\r\nContent-Length: 2\r\n\r\nab";
        assert_eq!(read_head(answer).unwrap(), Some((503, answer.len())));
        assert_eq!(read_head(&answer[..20]).unwrap(), None);
        assert!(read_head(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }

    #[test]
    fn the_signature_is_slacks() {
        let body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V\
            &channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=\
            &response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN\
            &trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
        let signature = sign("8f742231b10e8888abcd99yyyzzz85a5", "1531420618", body);
        assert_eq!(signature, "a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503");
    }
}
