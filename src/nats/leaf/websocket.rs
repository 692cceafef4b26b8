//! A hub behind websockets, as a plain stream of bytes.

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use http::Uri;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream};
use tokio_util::task::AbortOnDropHandle;
use tokio_websockets::{ClientBuilder, Limits, Message, WebSocketStream};

/// Bytes on their way in either direction, and of one frame.
const ROOM: usize = 64 * 1024;
const MAX_FRAME: usize = 1 << 20;

/// Where hubs take leaf nodes, below what the address says.
const PATH: &str = "/leafnode";

/// Asks for websockets, and carries bytes over them for as long as the handle lives. None if the other side does
/// not take them.
pub(super) async fn open<S>(
    stream: S,
    address: &str,
    path: &str,
) -> Option<(DuplexStream, AbortOnDropHandle<()>)>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    // The scheme only says where to connect to, and the connection is there.
    let uri = format!("ws://{address}{}{PATH}", path.trim_end_matches('/'));
    let (socket, _) = ClientBuilder::from_uri(Uri::try_from(uri).ok()?)
        .limits(Limits::default().max_payload_len(Some(MAX_FRAME)))
        .connect_on(stream)
        .await
        .ok()?;
    let (near, far) = tokio::io::duplex(ROOM);
    let carrying = AbortOnDropHandle::new(tokio::spawn(carry(socket, far)));
    Some((near, carrying))
}

/// Ends when either side does.
async fn carry<S>(socket: WebSocketStream<S>, far: DuplexStream)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut sink, mut frames) = socket.split();
    let (mut reader, mut writer) = tokio::io::split(far);
    let inward = async {
        while let Some(Ok(frame)) = frames.next().await {
            let is_data = frame.is_binary() || frame.is_text();
            let data: Bytes = frame.into_payload().into();
            if is_data && writer.write_all(&data).await.is_err() {
                break;
            }
        }
        let _ = writer.shutdown().await;
    };
    let outward = async {
        let mut room = vec![0; ROOM];
        while let Ok(count @ 1..) = reader.read(&mut room).await {
            let data = Bytes::copy_from_slice(room.get(..count).unwrap_or_default());
            if sink.send(Message::binary(data)).await.is_err() {
                break;
            }
        }
        // What the other side still says is read to its end.
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = inward => {}
        () = outward => {}
    }
}
