package decision

import "strings"

// The names that Pullpass has for the same things.
const (
	PullSecret       = "pullpass-dockercfg"
	OptOutLabel      = "pullpass.dev/inject"
	OptOutValue      = "disabled"
	MirrorAnnotation = "kubernetes.io/config.mirror"
)

// Settings are what a decision needs beside the Pod.
type Settings struct {
	Registries Registries
	namespaces map[string]struct{}
}

// NewSettings takes the namespaces that take part, separated by commas: what a watch would know.
func NewSettings(credentials int, namespaces string) Settings {
	enabled := map[string]struct{}{}
	for name := range strings.SplitSeq(namespaces, ",") {
		enabled[name] = struct{}{}
	}
	return Settings{Registries: NewRegistries(credentials), namespaces: enabled}
}

// TakesPart says whether Pods of the namespace are to be looked at.
func (s Settings) TakesPart(namespace string) bool {
	_, enabled := s.namespaces[namespace]
	return enabled
}
