// Idiomatic Go: controller-runtime's webhook server and decoder, a typed Pod that is changed, and the patch from the difference of
// the two texts. What is not changed is not encoded again.
package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"log"
	"net/http"
	"slices"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"pullpass.dev/bench/decision"
	"pullpass.dev/bench/serving"
)

type injector struct {
	decoder  admission.Decoder
	settings decision.Settings
}

func (i *injector) Handle(_ context.Context, request admission.Request) admission.Response {
	if !i.settings.TakesPart(request.Namespace) {
		return admission.Allowed("the namespace does not take part")
	}
	pod := &corev1.Pod{}
	if err := i.decoder.Decode(request, pod); err != nil {
		return admission.Errored(http.StatusBadRequest, err)
	}
	if !i.inject(pod) {
		return admission.Allowed("nothing to add")
	}
	changed, err := json.Marshal(pod)
	if err != nil {
		return admission.Errored(http.StatusInternalServerError, err)
	}
	return admission.PatchResponseFromRaw(request.Object.Raw, changed)
}

func (i *injector) inject(pod *corev1.Pod) bool {
	_, mirror := pod.Annotations[decision.MirrorAnnotation]
	if mirror || pod.Labels[decision.OptOutLabel] == decision.OptOutValue {
		return false
	}
	if !slices.ContainsFunc(imagesOf(&pod.Spec), i.settings.Registries.Serve) {
		return false
	}
	ours := corev1.LocalObjectReference{Name: decision.PullSecret}
	if slices.Contains(pod.Spec.ImagePullSecrets, ours) {
		return false
	}
	pod.Spec.ImagePullSecrets = append(pod.Spec.ImagePullSecrets, ours)
	return true
}

func imagesOf(spec *corev1.PodSpec) []string {
	var images []string
	for i := range spec.InitContainers {
		images = append(images, spec.InitContainers[i].Image)
	}
	for i := range spec.Containers {
		images = append(images, spec.Containers[i].Image)
	}
	for i := range spec.EphemeralContainers {
		images = append(images, spec.EphemeralContainers[i].Image)
	}
	for i := range spec.Volumes {
		if image := spec.Volumes[i].Image; image != nil {
			images = append(images, image.Reference)
		}
	}
	return images
}

func main() {
	options := serving.Parse()
	ctrl.SetLogger(logr.Discard())
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		log.Fatal(err)
	}
	server := webhook.NewServer(webhook.Options{
		Host: "127.0.0.1",
		Port: options.Port,
		TLSOpts: []func(*tls.Config){func(config *tls.Config) {
			config.MinVersion = tls.VersionTLS13
			// Else files are watched, which nobody changes here.
			config.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &options.Certificate, nil }
		}},
	})
	handler := &injector{decoder: admission.NewDecoder(scheme), settings: options.Settings}
	server.Register("/mutate", &webhook.Admission{Handler: handler})
	if err := server.Start(context.Background()); err != nil {
		log.Fatal(err)
	}
}
