// Hand-written Go: net/http, a struct of what is read, a patch built by hand, encoding/json.
package main

import (
	"encoding/json"

	"pullpass.dev/bench/serving"
)

func main() {
	serving.Webhook(serving.Parse(), serving.Codec{Unmarshal: json.Unmarshal, Marshal: json.Marshal})
}
