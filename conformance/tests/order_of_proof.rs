//! The hardest things that the proxy has to carry, on both versions of HTTP, in the simulator and over sockets.
//!
//! A row below is a conversation: a name, what is shown, what the client speaks, what the backend speaks. It is played in each of the places. The
//! proxy is `weir reverse-proxy` by its command line; in the places `as_a_process` it is the program itself.

#[path = "order_of_proof/backend.rs"]
mod backend;
#[path = "order_of_proof/client.rs"]
mod client;
#[path = "order_of_proof/cut.rs"]
mod cut;
#[path = "order_of_proof/fields.rs"]
mod fields;
#[path = "order_of_proof/flood.rs"]
mod flood;
#[path = "order_of_proof/http1.rs"]
mod http1;
#[path = "order_of_proof/informational.rs"]
mod informational;
#[path = "order_of_proof/leaving.rs"]
mod leaving;
#[path = "order_of_proof/message.rs"]
mod message;
#[path = "order_of_proof/place.rs"]
mod place;
#[path = "order_of_proof/process.rs"]
mod process;
#[path = "order_of_proof/proxy.rs"]
mod proxy;
#[path = "order_of_proof/tls.rs"]
mod tls;
#[path = "order_of_proof/trailers.rs"]
mod trailers;
#[path = "order_of_proof/upgrade.rs"]
mod upgrade;

/// Tests of conversations: each row in each place.
macro_rules! played {
    ($($place:ident as $room:ident),+ : $rows:tt) => {
        $(played! { @room $place $room $rows })+
    };
    (@room $place:ident $room:ident { $($name:ident: $scenario:path, $front:ident <- $back:ident;)+ }) => {
        mod $room {
            use super::{message::Http, place::Place, proxy::{Between, Flush}, *};

            $(
                #[test]
                fn $name() {
                    $scenario(Place::$place, Between { front: Http::$front, back: Http::$back, flush: Flush::WhenFull });
                }
            )+
        }
    };
}

played! { Simulator as in_the_simulator, Sockets as over_sockets: {
    a_1xx_passes_before_the_answer_over_http1: informational::passes_before_the_answer, One <- One;
    a_1xx_passes_before_the_answer_over_http2: informational::passes_before_the_answer, Two <- One;
    a_1xx_of_an_http2_backend_passes_over_http1: informational::passes_before_the_answer, One <- Two;
    a_1xx_of_an_http2_backend_passes_over_http2: informational::passes_before_the_answer, Two <- Two;
    several_1xx_pass_in_order_over_http1: informational::several_pass_in_order, One <- One;
    several_1xx_pass_in_order_over_http2: informational::several_pass_in_order, Two <- One;

    announced_and_other_trailers_pass_over_http1: trailers::announced_and_others_pass, One <- One;
    announced_and_other_trailers_pass_over_http2: trailers::announced_and_others_pass, Two <- One;
    announced_and_other_trailers_of_an_http2_backend_pass_over_http1: trailers::announced_and_others_pass, One <- Two;
    announced_and_other_trailers_of_an_http2_backend_pass_over_http2: trailers::announced_and_others_pass, Two <- Two;
    unannounced_trailers_pass_over_http1: trailers::unannounced_pass, One <- One;
    unannounced_trailers_pass_over_http2: trailers::unannounced_pass, Two <- One;
    unannounced_trailers_of_an_http2_backend_pass_over_http1: trailers::unannounced_pass, One <- Two;
    unannounced_trailers_of_an_http2_backend_pass_over_http2: trailers::unannounced_pass, Two <- Two;

    early_bytes_of_an_upgrade_pass_both_ways: upgrade::early_bytes_pass_both_ways, One <- One;
    many_early_bytes_of_an_upgrade_pass_both_ways: upgrade::many_early_bytes_pass_both_ways, One <- One;
    early_bytes_of_a_refused_upgrade_are_no_request: upgrade::early_bytes_of_a_refused_one_are_no_request, One <- One;
    an_upgrade_over_http2_is_refused_and_its_connection_goes_on: upgrade::over_http2_is_refused, Two <- One;

    a_cut_body_is_never_called_complete_over_http1: cut::is_never_called_complete, One <- One;
    a_cut_body_is_never_called_complete_over_http2: cut::is_never_called_complete, Two <- One;
    a_cut_body_of_an_http2_backend_is_never_called_complete_over_http1: cut::is_never_called_complete, One <- Two;
    a_cut_body_of_an_http2_backend_is_never_called_complete_over_http2: cut::is_never_called_complete, Two <- Two;
    an_answer_cut_before_anything_was_sent_gives_nothing_over_http1: cut::before_anything_was_sent_gives_nothing, One <- One;
    an_answer_cut_before_anything_was_sent_gives_nothing_over_http2: cut::before_anything_was_sent_gives_nothing, Two <- One;

    a_client_that_leaves_before_the_head_ends_the_backends_connection_over_http1: leaving::before_the_head, One <- One;
    a_client_that_leaves_before_the_head_ends_the_backends_connection_over_http2: leaving::before_the_head, Two <- One;
    a_client_that_leaves_within_a_pausing_body_ends_the_backends_connection_over_http1: leaving::within_a_pausing_body, One <- One;
    a_client_that_leaves_within_a_pausing_body_ends_the_backends_connection_over_http2: leaving::within_a_pausing_body, Two <- One;
    a_client_that_leaves_within_a_pausing_body_resets_the_backends_stream_over_http1: leaving::within_a_pausing_body, One <- Two;
    a_client_that_leaves_within_a_pausing_body_resets_the_backends_stream_over_http2: leaving::within_a_pausing_body, Two <- Two;
    a_client_that_leaves_within_a_flowing_body_ends_the_backends_connection_over_http1: leaving::within_a_flowing_body, One <- One;
    a_client_that_leaves_within_a_flowing_body_ends_the_backends_connection_over_http2: leaving::within_a_flowing_body, Two <- One;
    a_client_that_leaves_within_its_upload_ends_the_backends_connection_over_http1: leaving::within_its_upload, One <- One;
    a_client_that_leaves_within_its_upload_ends_the_backends_connection_over_http2: leaving::within_its_upload, Two <- One;
    a_client_that_resets_its_flowing_upload_ends_the_backends_connection: leaving::within_a_flowing_upload, Two <- One;
} }

played! { Simulator as in_the_simulator_at_length, Process as as_a_process: {
    a_large_answer_takes_little_memory_over_http1: flood::down, One <- One;
    a_large_answer_takes_little_memory_over_http2: flood::down, Two <- One;
    a_large_answer_of_an_http2_backend_takes_little_memory_over_http1: flood::down, One <- Two;
    a_large_request_takes_little_memory_over_http1: flood::up, One <- One;
    a_large_request_takes_little_memory_over_http2: flood::up, Two <- One;
    a_large_request_to_an_http2_backend_takes_little_memory_over_http1: flood::up, One <- Two;
} }
