//go:build tools

// Package tools names the programs that the control plane is built from, so that `go mod tidy` keeps them.
package tools

import (
	_ "go.etcd.io/etcd/server/v3"
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kube-controller-manager"
	_ "k8s.io/kubernetes/cmd/kubectl"
	_ "k8s.io/kubernetes/pkg/credentialprovider/secrets"
	_ "k8s.io/kubernetes/pkg/util/parsers"
)
