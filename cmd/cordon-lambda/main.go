// Command cordon-lambda is Cordon as an AWS Lambda function (provided.al2023): it answers tasks of the state machine,
// and findings from EventBridge and SQS.
package main

import (
	"context"
	"log/slog"
	"os"

	awslambda "github.com/aws/aws-lambda-go/lambda"

	"cordon/internal/lambda"
	"cordon/internal/printable"
)

func main() {
	log := slog.New(slog.NewJSONHandler(printable.Writer{W: os.Stderr}, nil))
	ctx := context.Background()
	cfg, err := account(ctx)
	var h *lambda.Handler
	if err == nil {
		h, err = lambda.Open(cfg, os.Getenv, log)
	}
	if err != nil {
		log.Error("cordon cannot work: " + err.Error())
		h = lambda.Broken(err)
	}
	awslambda.StartWithOptions(h.Invoke, awslambda.WithContext(ctx))
}
