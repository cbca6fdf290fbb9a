// Package decision is what all peers decide alike, and as Pullpass does: whether the namespace takes part, whether an image is
// of a registry that a credential serves, and which one entry the list of pull Secrets gains.
package decision

import (
	"fmt"
	"strings"
)

// Registries are the hosts that a credential serves.
type Registries map[string]struct{}

// NewRegistries has the hosts that the benchmark gives Pullpass credentials for.
func NewRegistries(count int) Registries {
	registries := make(Registries, count)
	for i := range count {
		registries[fmt.Sprintf("registry-%04d.example.com", i)] = struct{}{}
	}
	return registries
}

// Serve says whether the image is of one of them.
func (r Registries) Serve(image string) bool {
	_, served := r[hostOf(image)]
	return served
}

func hostOf(image string) string {
	first, _, found := strings.Cut(image, "/")
	if found && (first == "localhost" || strings.ContainsAny(first, ".:")) {
		return first
	}
	return "docker.io"
}
