// Command cordon-lambda is Cordon as an AWS Lambda function (provided.al2023): it answers tasks of the state machine,
// and findings from EventBridge and SQS.
package main

import (
	"context"
	"log/slog"
	"os"

	awslambda "github.com/aws/aws-lambda-go/lambda"

	"cordon/internal/lambda"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	ctx := context.Background()
	cfg, err := account(ctx)
	if err == nil {
		var h *lambda.Handler
		if h, err = lambda.Open(cfg, os.Getenv, log); err == nil {
			awslambda.StartWithOptions(h.Invoke, awslambda.WithContext(ctx))
		}
	}
	log.Error("cordon cannot start: " + err.Error())
	os.Exit(1)
}
