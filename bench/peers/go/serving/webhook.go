package serving

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net/http"

	"pullpass.dev/bench/decision"
)

// The most that Pullpass takes, too.
const bodyMaxBytes = 8 << 20

// Codec is the JSON library under test.
type Codec struct {
	Unmarshal func([]byte, any) error
	Marshal   func(any) ([]byte, error)
}

type answer struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Response   response `json:"response"`
}

type response struct {
	UID       string `json:"uid"`
	Allowed   bool   `json:"allowed"`
	PatchType string `json:"patchType,omitempty"`
	Patch     []byte `json:"patch,omitempty"`
}

// Webhook serves /mutate by net/http alone.
func Webhook(options Options, codec Codec) {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /mutate", func(w http.ResponseWriter, r *http.Request) {
		body, err := readBody(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		text, err := mutate(body, options.Settings, codec)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(text)
	})
	server := &http.Server{
		Addr:      fmt.Sprintf("127.0.0.1:%d", options.Port),
		Handler:   mux,
		ErrorLog:  log.New(io.Discard, "", 0),
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{options.Certificate}},
	}
	log.Fatal(server.ListenAndServeTLS("", ""))
}

func mutate(body []byte, settings decision.Settings, codec Codec) ([]byte, error) {
	var review decision.Review
	if err := codec.Unmarshal(body, &review); err != nil {
		return nil, err
	}
	if review.Kind != "AdmissionReview" || review.APIVersion != "admission.k8s.io/v1" || review.Request == nil {
		return nil, fmt.Errorf("not an AdmissionReview of admission.k8s.io/v1")
	}
	reply := response{UID: review.Request.UID, Allowed: true}
	if patch := settings.Patch(review.Request); patch != nil {
		reply.PatchType = "JSONPatch"
		reply.Patch = patch
	}
	return codec.Marshal(answer{review.APIVersion, review.Kind, reply})
}

// The length is known, so nothing has to grow.
func readBody(r *http.Request) ([]byte, error) {
	if r.ContentLength < 0 || r.ContentLength > bodyMaxBytes {
		return nil, fmt.Errorf("a body of at most %d bytes is expected", bodyMaxBytes)
	}
	body := make([]byte, r.ContentLength)
	_, err := io.ReadFull(r.Body, body)
	return body, err
}
