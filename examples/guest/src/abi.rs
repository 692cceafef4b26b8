//! The imports under `wasmbus`, which every host of the generation offers.

#[link(wasm_import_module = "wasmbus")]
extern "C" {
    fn __guest_request(operation: *mut u8, payload: *mut u8);
    fn __guest_response(response: *const u8, len: usize);
    fn __guest_error(error: *const u8, len: usize);
    #[allow(clippy::too_many_arguments)]
    fn __host_call(
        binding: *const u8,
        binding_len: usize,
        namespace: *const u8,
        namespace_len: usize,
        operation: *const u8,
        operation_len: usize,
        payload: *const u8,
        payload_len: usize,
    ) -> i32;
    fn __host_response_len() -> usize;
    fn __host_response(response: *mut u8);
    fn __host_error_len() -> usize;
    fn __host_error(error: *mut u8);
}

/// Answers one call of the host through `handle`; returns what `__guest_call` must return.
pub fn respond(
    operation_len: usize,
    payload_len: usize,
    handle: fn(&str, &[u8]) -> Result<Vec<u8>, String>,
) -> i32 {
    let mut operation = vec![0; operation_len];
    let mut payload = vec![0; payload_len];
    // SAFETY: the buffers have the lengths that the host announced.
    unsafe { __guest_request(operation.as_mut_ptr(), payload.as_mut_ptr()) };
    match handle(&String::from_utf8_lossy(&operation), &payload) {
        Ok(response) => {
            // SAFETY: pointer and length are those of a live buffer, as below.
            unsafe { __guest_response(response.as_ptr(), response.len()) };
            1
        }
        Err(error) => {
            unsafe { __guest_error(error.as_ptr(), error.len()) };
            0
        }
    }
}

/// Calls a provider (`namespace` is its contract id, `binding` the link name) or another actor.
pub fn call(
    binding: &str,
    namespace: &str,
    operation: &str,
    payload: &[u8],
) -> Result<Vec<u8>, String> {
    // SAFETY: every pointer and length is that of a live buffer, and answers are read into buffers of the
    // length that the host names.
    unsafe {
        let ok = __host_call(
            binding.as_ptr(),
            binding.len(),
            namespace.as_ptr(),
            namespace.len(),
            operation.as_ptr(),
            operation.len(),
            payload.as_ptr(),
            payload.len(),
        );
        if ok == 1 {
            let mut response = vec![0; __host_response_len()];
            __host_response(response.as_mut_ptr());
            Ok(response)
        } else {
            let mut error = vec![0; __host_error_len()];
            __host_error(error.as_mut_ptr());
            Err(String::from_utf8_lossy(&error).into_owned())
        }
    }
}
