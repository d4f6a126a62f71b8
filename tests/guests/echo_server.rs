// Sends back what comes, on one connection after the other of the listener that is descriptor 3.
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::wasi::io::FromRawFd;

fn main() -> std::io::Result<()> {
    let listener = unsafe { TcpListener::from_raw_fd(3) };
    loop {
        let (mut stream, _) = listener.accept()?;
        let mut bytes = vec![0; 65536];
        loop {
            let n = stream.read(&mut bytes)?;
            if n == 0 {
                break;
            }
            stream.write_all(&bytes[..n])?;
        }
    }
}
