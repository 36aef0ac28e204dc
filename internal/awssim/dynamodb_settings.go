package awssim

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func updateTimeToLive(x *request, in *dynamodb.UpdateTimeToLiveInput) (*dynamodb.UpdateTimeToLiveOutput, error) {
	t, err := x.dynamoTable(in.TableName)
	if err != nil {
		return nil, err
	}
	spec := in.TimeToLiveSpecification
	name, on := aws.ToString(spec.AttributeName), aws.ToBool(spec.Enabled)
	switch {
	case name == "":
		return nil, dynamoInvalid("TimeToLive attribute name must not be empty")
	case on && t.TTL != "":
		return nil, dynamoInvalid("TimeToLive is already enabled")
	case !on && t.TTL == "":
		return nil, dynamoInvalid("TimeToLive is already disabled")
	case !on && t.TTL != name:
		return nil, dynamoInvalid("TimeToLive is active on a different AttributeName: current AttributeName is %s", t.TTL)
	}
	if t.TTL = ""; on {
		t.TTL = name
	}
	return &dynamodb.UpdateTimeToLiveOutput{TimeToLiveSpecification: clone(spec)}, nil
}

func describeTimeToLive(x *request, in *dynamodb.DescribeTimeToLiveInput) (*dynamodb.DescribeTimeToLiveOutput, error) {
	t, err := x.dynamoTable(in.TableName)
	if err != nil {
		return nil, err
	}
	out := &types.TimeToLiveDescription{TimeToLiveStatus: types.TimeToLiveStatusDisabled}
	if t.TTL != "" {
		out = &types.TimeToLiveDescription{TimeToLiveStatus: types.TimeToLiveStatusEnabled, AttributeName: aws.String(t.TTL)}
	}
	return &dynamodb.DescribeTimeToLiveOutput{TimeToLiveDescription: out}, nil
}

func updateContinuousBackups(x *request, in *dynamodb.UpdateContinuousBackupsInput) (*dynamodb.UpdateContinuousBackupsOutput, error) {
	t, err := x.backups(in.TableName)
	if err != nil {
		return nil, err
	}
	t.Recovery = aws.ToBool(in.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled)
	return &dynamodb.UpdateContinuousBackupsOutput{ContinuousBackupsDescription: t.describeBackups()}, nil
}

func describeContinuousBackups(x *request, in *dynamodb.DescribeContinuousBackupsInput) (*dynamodb.DescribeContinuousBackupsOutput, error) {
	t, err := x.backups(in.TableName)
	if err != nil {
		return nil, err
	}
	return &dynamodb.DescribeContinuousBackupsOutput{ContinuousBackupsDescription: t.describeBackups()}, nil
}

// backups finds a table for the operations on backups, which have an error of their own.
func (x *request) backups(name *string) (*dynamoTable, error) {
	t, err := x.dynamoTable(name)
	if err != nil {
		return nil, httpError(400, &types.TableNotFoundException{Message: aws.String("Table not found: " + aws.ToString(name))})
	}
	return t, nil
}

func (t *dynamoTable) describeBackups() *types.ContinuousBackupsDescription {
	status := types.PointInTimeRecoveryStatusDisabled
	if t.Recovery {
		status = types.PointInTimeRecoveryStatusEnabled
	}
	return &types.ContinuousBackupsDescription{
		ContinuousBackupsStatus:        types.ContinuousBackupsStatusEnabled,
		PointInTimeRecoveryDescription: &types.PointInTimeRecoveryDescription{PointInTimeRecoveryStatus: status},
	}
}
