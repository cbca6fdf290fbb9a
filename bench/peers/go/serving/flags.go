// Package serving is what all peers have in common around the decision: flags, TLS, the end.
package serving

import (
	"crypto/tls"
	"flag"
	"io"
	"log"
	"os"

	"pullpass.dev/bench/decision"
)

// Options are what a peer is started with.
type Options struct {
	Port        int
	Certificate tls.Certificate
	Settings    decision.Settings
}

// Parse reads the flags, and ends the process when the standard input closes: then whoever started it is gone.
func Parse() Options {
	port := flag.Int("port", 0, "port on 127.0.0.1")
	cert := flag.String("cert", "", "certificate, PEM file")
	key := flag.String("key", "", "its key, PEM file")
	credentials := flag.Int("credentials", 10, "registries that a credential serves")
	namespaces := flag.String("namespaces", "", "those that take part, separated by commas")
	flag.Parse()
	pair, err := tls.LoadX509KeyPair(*cert, *key)
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	return Options{Port: *port, Certificate: pair, Settings: decision.NewSettings(*credentials, *namespaces)}
}
