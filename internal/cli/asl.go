package cli

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"cordon/internal/asl"
)

// functionARN is a Lambda function's, with or without a version or an alias; it begins with the partition.
var functionARN = regexp.MustCompile(`^arn:(aws[a-z-]*):lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]+(:[A-Za-z0-9$_-]+)?$`)

func (a *app) asl() *cobra.Command {
	var function, partition string
	cmd := &cobra.Command{
		Use:   "asl",
		Short: "Print the playbooks as one AWS Step Functions state machine",
		Long: `Prints the playbooks as one state machine in the Amazon States Language (JSONPath), as deploy/cordon.asl.json has it.
Without the flags ${FunctionArn} and ${Partition} are left for a template to fill in. No AWS call.`,
		Example: `  cordon asl
  cordon asl --function arn:aws:lambda:eu-west-1:111122223333:function:cordon`,
		Args: exactly(),
		RunE: func(*cobra.Command, []string) error { return a.runASL(function, partition) },
	}
	cmd.Flags().StringVar(&function, "function", "", "the Lambda function's `ARN`")
	cmd.Flags().StringVar(&partition, "partition", "", "the AWS `partition`: aws, aws-cn, aws-us-gov (default: the function's)")
	return cmd
}

// runASL prints JSON whatever the output format: it is the document itself.
func (a *app) runASL(function, partition string) error {
	if function != "" {
		found := functionARN.FindStringSubmatch(function)
		switch {
		case found == nil:
			return usage("%q is no Lambda function's ARN (arn:aws:lambda:REGION:ACCOUNT:function:NAME)", function)
		case partition == "":
			partition = found[1]
		case partition != found[1]:
			return usage("the function is in partition %s, not in %s; leave --partition out", found[1], partition)
		}
	}
	if partition != "" && !slices.Contains(partitions, partition) {
		return usage("%q is no partition; use one of %s", partition, strings.Join(partitions, ", "))
	}
	machine, err := asl.Machine(asl.Playbooks())
	if err != nil {
		return fmt.Errorf("render the state machine: %w", err)
	}
	_, err = a.Out.Write(asl.Fill(machine, partition, function))
	return err
}
