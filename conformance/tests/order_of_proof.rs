//! The hardest things that the proxy has to carry, on both versions of HTTP, in the simulator and over sockets.
//!
//! A row below is a conversation: what is shown, and the function that plays it. It is played between each of the versions under which it
//! stands (what the client speaks, what the backend speaks), in each of the places. The proxy is `weir reverse-proxy` by its command line;
//! `as_a_process` it is the program itself.

#[path = "order_of_proof/backend.rs"]
mod backend;
#[path = "order_of_proof/bulk.rs"]
mod bulk;
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
#[path = "order_of_proof/memory.rs"]
mod memory;
#[path = "order_of_proof/message.rs"]
mod message;
#[path = "order_of_proof/place.rs"]
mod place;
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
    ($($place:ident as $room:ident),+ : $between:tt) => {
        $(played! { @place $place $room $between })+
    };
    (@place $place:ident $room:ident { $($between:ident ($front:ident -> $back:ident) $rows:tt)+ }) => {
        mod $room {
            $(mod $between {
                played! { @rows $place $front $back $rows }
            })+
        }
    };
    (@rows $place:ident $front:ident $back:ident { $($name:ident: $scenario:path;)+ }) => {
        use crate::{message::Http, place::Place, proxy::{Between, Flush}, *};

        $(
            #[test]
            fn $name() {
                $scenario(Place::$place, Between { front: Http::$front, back: Http::$back, flush: Flush::WhenFull });
            }
        )+
    };
}

played! { Simulator as in_the_simulator, Sockets as over_sockets: {
    http1_to_http1 (One -> One) {
        a_1xx_passes_before_the_answer: informational::passes_before_the_answer;
        several_1xx_pass_in_order: informational::several_pass_in_order;
        announced_and_other_trailers_pass: trailers::announced_and_others_pass;
        unannounced_trailers_pass: trailers::unannounced_pass;
        early_bytes_of_an_upgrade_pass_both_ways: upgrade::early_bytes_pass_both_ways;
        many_early_bytes_of_an_upgrade_pass_both_ways: upgrade::many_early_bytes_pass_both_ways;
        early_bytes_of_a_refused_upgrade_are_no_request: upgrade::early_bytes_of_a_refused_one_are_no_request;
        a_cut_body_is_never_called_complete: cut::is_never_called_complete;
        an_answer_cut_before_anything_was_sent_gives_nothing: cut::before_anything_was_sent_gives_nothing;
        a_client_that_leaves_before_the_head_ends_the_backends_connection: leaving::before_the_head;
        a_client_that_leaves_a_pausing_body_ends_the_backends_connection: leaving::within_a_pausing_body;
        a_client_that_leaves_a_flowing_body_ends_the_backends_connection: leaving::within_a_flowing_body;
        a_client_that_leaves_within_its_upload_ends_the_backends_connection: leaving::within_its_upload;
    }
    http2_to_http1 (Two -> One) {
        a_1xx_passes_before_the_answer: informational::passes_before_the_answer;
        several_1xx_pass_in_order: informational::several_pass_in_order;
        announced_and_other_trailers_pass: trailers::announced_and_others_pass;
        unannounced_trailers_pass: trailers::unannounced_pass;
        an_upgrade_is_refused_and_its_connection_goes_on: upgrade::over_http2_is_refused;
        a_cut_body_is_never_called_complete: cut::is_never_called_complete;
        an_answer_cut_before_anything_was_sent_gives_nothing: cut::before_anything_was_sent_gives_nothing;
        a_client_that_leaves_before_the_head_ends_the_backends_connection: leaving::before_the_head;
        a_client_that_leaves_a_pausing_body_ends_the_backends_connection: leaving::within_a_pausing_body;
        a_client_that_leaves_a_flowing_body_ends_the_backends_connection: leaving::within_a_flowing_body;
        a_client_that_leaves_within_its_upload_ends_the_backends_connection: leaving::within_its_upload;
        a_client_that_leaves_its_flowing_upload_ends_the_backends_connection: leaving::within_a_flowing_upload;
    }
    http1_to_http2 (One -> Two) {
        a_1xx_passes_before_the_answer: informational::passes_before_the_answer;
        several_1xx_pass_in_order: informational::several_pass_in_order;
        announced_and_other_trailers_pass: trailers::announced_and_others_pass;
        unannounced_trailers_pass: trailers::unannounced_pass;
        a_cut_body_is_never_called_complete: cut::is_never_called_complete;
        an_answer_cut_before_anything_was_sent_gives_nothing: cut::before_anything_was_sent_gives_nothing;
        a_client_that_leaves_before_the_head_resets_the_backends_stream: leaving::before_the_head;
        a_client_that_leaves_a_pausing_body_resets_the_backends_stream: leaving::within_a_pausing_body;
        a_client_that_leaves_a_flowing_body_resets_the_backends_stream: leaving::within_a_flowing_body;
        a_client_that_leaves_within_its_upload_resets_the_backends_stream: leaving::within_its_upload;
    }
    http2_to_http2 (Two -> Two) {
        a_1xx_passes_before_the_answer: informational::passes_before_the_answer;
        several_1xx_pass_in_order: informational::several_pass_in_order;
        announced_and_other_trailers_pass: trailers::announced_and_others_pass;
        unannounced_trailers_pass: trailers::unannounced_pass;
        a_cut_body_is_never_called_complete: cut::is_never_called_complete;
        an_answer_cut_before_anything_was_sent_gives_nothing: cut::before_anything_was_sent_gives_nothing;
        a_client_that_leaves_before_the_head_resets_the_backends_stream: leaving::before_the_head;
        a_client_that_leaves_a_pausing_body_resets_the_backends_stream: leaving::within_a_pausing_body;
        a_client_that_leaves_a_flowing_body_resets_the_backends_stream: leaving::within_a_flowing_body;
        a_client_that_leaves_within_its_upload_resets_the_backends_stream: leaving::within_its_upload;
        a_client_that_leaves_its_flowing_upload_resets_the_backends_stream: leaving::within_a_flowing_upload;
    }
} }

played! { Simulator as in_the_simulator_at_length, Process as as_a_process: {
    http1_to_http1 (One -> One) {
        a_large_answer_takes_little_memory: flood::down;
        a_large_request_takes_little_memory: flood::up;
    }
    http2_to_http1 (Two -> One) {
        a_large_answer_takes_little_memory: flood::down;
        a_large_request_takes_little_memory: flood::up;
    }
    http1_to_http2 (One -> Two) {
        a_large_answer_takes_little_memory: flood::down;
        a_large_request_takes_little_memory: flood::up;
    }
    http2_to_http2 (Two -> Two) {
        a_large_answer_takes_little_memory: flood::down;
        a_large_request_takes_little_memory: flood::up;
    }
} }
