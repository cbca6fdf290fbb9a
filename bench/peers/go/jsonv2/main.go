// The same as plain with encoding/json/v2. It is built with GOEXPERIMENT=jsonv2.
package main

import (
	"encoding/json/v2"

	"pullpass.dev/bench/serving"
)

func main() {
	serving.Webhook(serving.Parse(), serving.Codec{
		Unmarshal: func(body []byte, into any) error { return json.Unmarshal(body, into) },
		Marshal:   func(value any) ([]byte, error) { return json.Marshal(value) },
	})
}
