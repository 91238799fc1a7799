// Go's httputil.ReverseProxy on one thread, as a contender of the race.
package main

import (
	"flag"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
)

func main() {
	listen := flag.String("listen", "", "IP:PORT")
	to := flag.String("to", "", "URL of the backend")
	cert := flag.String("cert", "", "PEM file; TLS and HTTP/2 if given")
	key := flag.String("key", "", "PEM file")
	flag.Parse()
	target, err := url.Parse(*to)
	if err != nil {
		log.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns = 1024
	transport.MaxIdleConnsPerHost = 1024
	proxy.Transport = transport
	server := &http.Server{Addr: *listen, Handler: proxy}
	if *cert != "" {
		log.Fatal(server.ListenAndServeTLS(*cert, *key))
	}
	log.Fatal(server.ListenAndServe())
}
