// The oracle answers JSON lines with the code that a real node runs: image names by distribution/reference, logins by the
// kubelet's keyring. Tests compare Pullpass's decisions with it.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"github.com/distribution/reference"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/credentialprovider"
	"k8s.io/kubernetes/pkg/credentialprovider/secrets"
	"k8s.io/kubernetes/pkg/util/parsers"
)

type question struct {
	Op      string        `json:"op"`
	Images  []string      `json:"images"`
	Type    v1.SecretType `json:"type"`
	Content string        `json:"content"`
}

type result struct {
	Name string `json:"name,omitempty"`
	// Empty when the keyring has none, absent when it was not asked.
	Logins []string `json:"logins,omitzero"`
	Error  string   `json:"error,omitempty"`
}

type answer struct {
	Results []result `json:"results"`
	Error   string   `json:"error,omitempty"`
}

func main() {
	klog.SetOutput(nullWriter{})
	klog.LogToStderr(false)
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		var q question
		a := answer{}
		if err := json.Unmarshal(line, &q); err != nil {
			a.Error = err.Error()
		} else {
			a = reply(q)
		}
		encoded, _ := json.Marshal(a)
		fmt.Fprintf(out, "%s\n", encoded)
		out.Flush()
	}
}

type nullWriter struct{}

func (nullWriter) Write(p []byte) (int, error) { return len(p), nil }

func reply(q question) answer {
	switch q.Op {
	case "parse":
		return answer{Results: each(q.Images, parse)}
	case "lookup":
		keyring, err := keyringOf(q)
		if err != nil {
			return answer{Error: err.Error()}
		}
		return answer{Results: each(q.Images, func(image string) result { return lookup(keyring, image) })}
	}
	return answer{Error: "unknown op " + q.Op}
}

func each(images []string, f func(string) result) []result {
	results := make([]result, len(images))
	for i, image := range images {
		results[i] = f(image)
	}
	return results
}

func parse(image string) result {
	named, err := reference.ParseNormalizedNamed(image)
	if err != nil {
		return result{Error: err.Error()}
	}
	return result{Name: named.Name()}
}

func keyringOf(q question) (credentialprovider.DockerKeyring, error) {
	key := v1.DockerConfigJsonKey
	if q.Type == v1.SecretTypeDockercfg {
		key = v1.DockerConfigKey
	}
	secret := v1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "pull-secret"},
		Type:       q.Type,
		Data:       map[string][]byte{key: []byte(q.Content)},
	}
	return secrets.MakeDockerKeyring([]v1.Secret{secret}, &credentialprovider.BasicDockerKeyring{})
}

// As PullImage of pkg/kubelet/kuberuntime does: the name without tag and digest goes to the keyring.
func lookup(keyring credentialprovider.DockerKeyring, image string) result {
	name, _, _, err := parsers.ParseImageName(image)
	if err != nil {
		return result{Error: err.Error()}
	}
	found, _ := keyring.Lookup(name)
	logins := []string{}
	for _, login := range found {
		logins = append(logins, login.Username+":"+login.Password)
	}
	return result{Logins: logins}
}
