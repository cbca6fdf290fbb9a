// kubelet forwards ports as a kubelet does, and does nothing else of what one does: the code that speaks to the API server is the
// one that container runtimes use. Ports of a Pod stand for ports of this machine; which, is told by lines on stdin, such as
// {"pod": "shop/web", "ports": {"8081": 23456}}. It says on stdout where it listens, and ends with stdin.
package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/cri-streaming/pkg/streaming/portforward"
	"k8s.io/klog/v2"
)

type pods struct {
	lock  sync.Mutex
	ports map[string]map[int32]int32
}

type announcement struct {
	Pod   string          `json:"pod"`
	Ports map[int32]int32 `json:"ports"`
}

func (p *pods) announce(said announcement) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.ports[said.Pod] = said.Ports
}

func (p *pods) find(pod string, port int32) (int32, bool) {
	p.lock.Lock()
	defer p.lock.Unlock()
	target, found := p.ports[pod][port]
	return target, found
}

// PortForward returns when the process has closed its end, which ends the connection to the client.
func (p *pods) PortForward(ctx context.Context, pod, _ string, port int32, stream io.ReadWriteCloser) error {
	refused := fmt.Errorf("failed to connect to localhost:%d inside namespace: connection refused", port)
	target, found := p.find(pod, port)
	if !found {
		return refused
	}
	connection, err := net.Dial("tcp4", fmt.Sprintf("127.0.0.1:%d", target))
	if err != nil {
		return refused
	}
	defer connection.Close()
	go func() {
		_, _ = io.Copy(connection, stream)
	}()
	_, err = io.Copy(stream, connection)
	return err
}

func main() {
	// What it would say is about clients that went away.
	klog.SetLogger(logr.Discard())
	listening := &pods{ports: map[string]map[int32]int32{}}
	mux := http.NewServeMux()
	mux.HandleFunc("/portForward/{namespace}/{pod}", func(w http.ResponseWriter, r *http.Request) {
		options, err := portforward.NewV4Options(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		pod := r.PathValue("namespace") + "/" + r.PathValue("pod")
		protocols := portforward.SupportedProtocols
		portforward.ServePortForward(w, r, listening, pod, "", options, time.Minute, 30*time.Second, protocols)
	})
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	must(err)
	server := &http.Server{
		Handler:      mux,
		TLSConfig:    &tls.Config{Certificates: []tls.Certificate{selfSigned()}},
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
	}
	go func() { must(server.ServeTLS(listener, "", "")) }()
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var said announcement
		must(json.Unmarshal(lines.Bytes(), &said))
		listening.announce(said)
		fmt.Println("announced")
	}
}

// The API server does not look at it, as in many clusters.
func selfSigned() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "kubelet:", err)
		os.Exit(1)
	}
}
