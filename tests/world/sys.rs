//! The two system calls that no crate of ours wraps: entering a network namespace, and making a network device
//! whose packets a program carries.
#![allow(unsafe_code, reason = "system calls")]

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;

/// Moves the calling thread into a network namespace. Threads and processes that it starts are there, too.
pub(super) fn enter(space: &File) -> io::Result<()> {
    // SAFETY: takes integers alone, and the descriptor is open.
    match unsafe { libc::setns(space.as_raw_fd(), libc::CLONE_NEWNET) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// A point-to-point device in the namespace of the calling thread: each read takes one IP packet that was sent
/// into it, each write lets one come out of it. Gone with the file.
pub(super) fn tun(name: &str) -> io::Result<File> {
    let device = File::options()
        .read(true)
        .write(true)
        .open("/dev/net/tun")?;
    // SAFETY: a structure of C, for which all zeros are a value.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    // The last byte stays zero.
    let length = request.ifr_name.len() - 1;
    for (to, from) in request.ifr_name[..length].iter_mut().zip(name.bytes()) {
        *to = libc::c_char::from_ne_bytes([from]);
    }
    let flags = libc::IFF_TUN | libc::IFF_NO_PI;
    request.ifr_ifru.ifru_flags = libc::c_short::try_from(flags).map_err(io::Error::other)?;
    // SAFETY: the request is what this call reads, and outlives it.
    match unsafe { libc::ioctl(device.as_raw_fd(), libc::TUNSETIFF as _, &raw const request) } {
        0 => Ok(device),
        _ => Err(io::Error::last_os_error()),
    }
}
