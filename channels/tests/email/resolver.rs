//! A small name server on a loopback socket: what it was told, `NXDOMAIN` for the rest.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::net::UdpSocket;

/// A record.
#[derive(Debug, Clone)]
pub(crate) enum Record {
    Txt(String),
    Address(IpAddr),
    Mail(u16, String),
    Pointer(String),
}

impl Record {
    fn kind(&self) -> u16 {
        match self {
            Self::Address(IpAddr::V4(_)) => 1,
            Self::Address(IpAddr::V6(_)) => 28,
            Self::Pointer(_) => 12,
            Self::Mail(..) => 15,
            Self::Txt(_) => 16,
        }
    }

    fn data(&self) -> Vec<u8> {
        match self {
            Self::Address(IpAddr::V4(ip)) => ip.octets().to_vec(),
            Self::Address(IpAddr::V6(ip)) => ip.octets().to_vec(),
            Self::Pointer(name) => labels(name),
            Self::Mail(preference, name) => [preference.to_be_bytes().to_vec(), labels(name)].concat(),
            Self::Txt(text) => text
                .as_bytes()
                .chunks(255)
                .flat_map(|part| [&[u8::try_from(part.len()).unwrap()], part].concat())
                .collect(),
        }
    }
}

/// What the server knows, by lower-case name.
#[derive(Clone, Default)]
pub(crate) struct Zone(Arc<Mutex<BTreeMap<String, Vec<Record>>>>);

impl Zone {
    pub(crate) fn add(&self, name: &str, record: Record) {
        self.0.lock().unwrap().entry(name.to_ascii_lowercase()).or_default().push(record);
    }

    /// Forgets what is known of a kind.
    fn forget(&self, name: &str, kind: u16) {
        if let Some(known) = self.0.lock().unwrap().get_mut(&name.to_ascii_lowercase()) {
            known.retain(|record| record.kind() != kind);
        }
    }

    /// Replaces what is known of the kind of the records.
    pub(crate) fn set(&self, name: &str, records: Vec<Record>) {
        for record in &records {
            self.forget(name, record.kind());
        }
        records.into_iter().for_each(|record| self.add(name, record));
    }

    /// Starts answering; ends with the runtime.
    pub(crate) async fn serve(&self) -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let zone = self.clone();
        #[expect(clippy::disallowed_methods, reason = "a server of this test alone")]
        tokio::spawn(async move {
            let mut buffer = [0; 4096];
            while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
                if let Some(answer) = zone.answer(&buffer[..length]) {
                    socket.send_to(&answer, from).await.ok();
                }
            }
        });
        address
    }

    fn answer(&self, query: &[u8]) -> Option<Vec<u8>> {
        let (mut at, mut name) = (12, String::new());
        while *query.get(at)? != 0 {
            let length = usize::from(query[at]);
            if !name.is_empty() {
                name.push('.');
            }
            name.push_str(&String::from_utf8_lossy(query.get(at + 1..at + 1 + length)?));
            at += 1 + length;
        }
        let question = query.get(12..at + 5)?;
        let kind = u16::from_be_bytes([query[at + 1], query[at + 2]]);
        let known = self.0.lock().unwrap();
        let name = name.to_ascii_lowercase();
        let records: Vec<&Record> =
            known.get(&name).into_iter().flatten().filter(|record| record.kind() == kind).collect();
        let code = match known.contains_key(&name) {
            _ if name.starts_with("_dns_error") => 2,
            true => 0,
            false => 3,
        };
        let mut out = vec![query[0], query[1], 0x85, 0x80 | code, 0, 1];
        out.extend(u16::try_from(records.len()).unwrap().to_be_bytes());
        out.extend([0; 4]);
        out.extend(question);
        for record in records {
            let data = record.data();
            out.extend([0xc0, 12]);
            out.extend(kind.to_be_bytes());
            out.extend([0, 1, 0, 0, 1, 0]);
            out.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
            out.extend(data);
        }
        Some(out)
    }
}

fn labels(name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for label in name.trim_end_matches('.').split('.') {
        out.push(u8::try_from(label.len()).unwrap());
        out.extend(label.as_bytes());
    }
    out.push(0);
    out
}
