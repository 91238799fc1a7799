//! What Go's JSON decoder says of a text that is no JSON. Go: `encoding/json/scanner.go`.

use crate::config::limits::DOCUMENT_NESTING_MAX;

/// The first thing that is wrong; none if Go would find nothing.
pub(super) fn fault(text: &[u8]) -> Option<String> {
    let mut scanner = Scanner { text, at: 0 };
    scanner.document().err().map(|fault| match fault {
        Fault::End => "unexpected end of JSON input".to_owned(),
        Fault::Depth => "exceeded max depth".to_owned(),
        Fault::Character(byte, place) => format!("invalid character {} {place}", quoted(byte)),
    })
}

enum Fault {
    End,
    Depth,
    Character(u8, String),
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
}

impl Scanner<'_> {
    fn document(&mut self) -> Result<(), Fault> {
        self.value(0)?;
        self.blanks();
        match self.text.get(self.at) {
            Some(byte) => Err(Fault::Character(*byte, "after top-level value".to_owned())),
            None => Ok(()),
        }
    }

    fn next(&mut self) -> Result<u8, Fault> {
        let byte = *self.text.get(self.at).ok_or(Fault::End)?;
        self.at += 1;
        Ok(byte)
    }

    fn blanks(&mut self) {
        while matches!(self.text.get(self.at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn token(&mut self) -> Result<u8, Fault> {
        self.blanks();
        self.next()
    }

    fn value(&mut self, depth: usize) -> Result<(), Fault> {
        if depth > DOCUMENT_NESTING_MAX {
            return Err(Fault::Depth);
        }
        match self.token()? {
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'"' => self.string(),
            b't' => self.literal("true"),
            b'f' => self.literal("false"),
            b'n' => self.literal("null"),
            b'-' => {
                let first = self.next()?;
                self.number(first, "in numeric literal")
            }
            digit @ b'0'..=b'9' => self.number(digit, "in numeric literal"),
            other => Err(Fault::Character(other, "looking for beginning of value".to_owned())),
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), Fault> {
        let mut first = true;
        loop {
            match self.token()? {
                b'}' if first => return Ok(()),
                b'"' => self.string()?,
                other => return Err(Fault::Character(other, "looking for beginning of object key string".to_owned())),
            }
            first = false;
            match self.token()? {
                b':' => {}
                other => return Err(Fault::Character(other, "after object key".to_owned())),
            }
            self.value(depth + 1)?;
            match self.token()? {
                b',' => {}
                b'}' => return Ok(()),
                other => return Err(Fault::Character(other, "after object key:value pair".to_owned())),
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), Fault> {
        self.blanks();
        if self.text.get(self.at) == Some(&b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.value(depth + 1)?;
            match self.token()? {
                b',' => {}
                b']' => return Ok(()),
                other => return Err(Fault::Character(other, "after array element".to_owned())),
            }
        }
    }

    fn string(&mut self) -> Result<(), Fault> {
        loop {
            match self.next()? {
                b'"' => return Ok(()),
                b'\\' => match self.next()? {
                    b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"' => {}
                    b'u' => self.hexadecimal()?,
                    other => return Err(Fault::Character(other, "in string escape code".to_owned())),
                },
                other @ ..b' ' => return Err(Fault::Character(other, "in string literal".to_owned())),
                _ => {}
            }
        }
    }

    fn hexadecimal(&mut self) -> Result<(), Fault> {
        for _ in 0..4 {
            let byte = self.next()?;
            if !byte.is_ascii_hexdigit() {
                return Err(Fault::Character(byte, "in \\u hexadecimal character escape".to_owned()));
            }
        }
        Ok(())
    }

    fn literal(&mut self, word: &str) -> Result<(), Fault> {
        for expected in word.chars().skip(1) {
            let byte = self.next()?;
            if char::from(byte) != expected {
                return Err(Fault::Character(byte, format!("in literal {word} (expecting '{expected}')")));
            }
        }
        Ok(())
    }

    fn number(&mut self, first: u8, place: &str) -> Result<(), Fault> {
        match first {
            b'0' => {}
            b'1'..=b'9' => self.digits(),
            other => return Err(Fault::Character(other, place.to_owned())),
        }
        if self.text.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.some_digits("after decimal point in numeric literal")?;
        }
        if matches!(self.text.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.text.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.some_digits("in exponent of numeric literal")?;
        }
        Ok(())
    }

    fn some_digits(&mut self, place: &str) -> Result<(), Fault> {
        let byte = self.next()?;
        if !byte.is_ascii_digit() {
            return Err(Fault::Character(byte, place.to_owned()));
        }
        self.digits();
        Ok(())
    }

    fn digits(&mut self) {
        while self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
    }
}

/// A byte as Go shows it. Go: `quoteChar`.
fn quoted(byte: u8) -> String {
    match byte {
        b'\'' => r"'\''".to_owned(),
        b'"' => "'\"'".to_owned(),
        other => {
            let quoted =
                crate::wire::token::go_quote(char::from(other).encode_utf8(&mut [0; 4]).as_bytes()).to_string();
            format!("'{}'", quoted.trim_matches('"'))
        }
    }
}
