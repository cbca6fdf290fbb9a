package decision

// Review has only what the decision reads: the less there is to fill in, the cheaper is the decoding.
type Review struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Request    *Request `json:"request"`
}

// Request is the part of an admission.k8s.io/v1 AdmissionRequest that is read.
type Request struct {
	UID         string `json:"uid"`
	Kind        Kind   `json:"kind"`
	SubResource string `json:"subResource"`
	Namespace   string `json:"namespace"`
	Operation   string `json:"operation"`
	Object      Pod    `json:"object"`
}

// Kind is a kind with its API group.
type Kind struct {
	Group string `json:"group"`
	Kind  string `json:"kind"`
}

// Pod is the part of a Pod that is read.
type Pod struct {
	Metadata struct {
		Labels struct {
			Inject string `json:"pullpass.dev/inject"`
		} `json:"labels"`
		Annotations struct {
			Mirror *string `json:"kubernetes.io/config.mirror"`
		} `json:"annotations"`
	} `json:"metadata"`
	Spec struct {
		InitContainers      []Container `json:"initContainers"`
		Containers          []Container `json:"containers"`
		EphemeralContainers []Container `json:"ephemeralContainers"`
		Volumes             []struct {
			Image *struct {
				Reference string `json:"reference"`
			} `json:"image"`
		} `json:"volumes"`
		ImagePullSecrets []struct {
			Name string `json:"name"`
		} `json:"imagePullSecrets"`
	} `json:"spec"`
}

// Container is an image's place.
type Container struct {
	Image string `json:"image"`
}

const (
	makeList = `[{"op":"add","path":"/spec/imagePullSecrets","value":[{"name":"` + PullSecret + `"}]}]`
	growList = `[{"op":"add","path":"/spec/imagePullSecrets/-","value":{"name":"` + PullSecret + `"}}]`
)

// Patch is the JSON patch for a Pod, nil if there is nothing to add.
func (s Settings) Patch(request *Request) []byte {
	pod := &request.Object
	isPod := request.Kind.Group == "" && request.Kind.Kind == "Pod"
	if !isPod || request.Operation != "CREATE" || request.SubResource != "" || !s.TakesPart(request.Namespace) {
		return nil
	}
	if pod.Metadata.Labels.Inject == OptOutValue || pod.Metadata.Annotations.Mirror != nil || !s.anyServed(pod) {
		return nil
	}
	if len(pod.Spec.ImagePullSecrets) == 0 {
		return []byte(makeList)
	}
	for _, listed := range pod.Spec.ImagePullSecrets {
		if listed.Name == PullSecret {
			return nil
		}
	}
	return []byte(growList)
}

func (s Settings) anyServed(pod *Pod) bool {
	spec := &pod.Spec
	for _, containers := range [][]Container{spec.InitContainers, spec.Containers, spec.EphemeralContainers} {
		for i := range containers {
			if s.Registries.Serve(containers[i].Image) {
				return true
			}
		}
	}
	for _, volume := range spec.Volumes {
		if volume.Image != nil && s.Registries.Serve(volume.Image.Reference) {
			return true
		}
	}
	return false
}
