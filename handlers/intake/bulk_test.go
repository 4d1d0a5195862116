package intake_test

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/outturn/outturn/handlers/intake"
)

// payments are as many rows as a file may have, over 100 lines.
func payments(row func(cells ...any)) {
	row("流水号", "指标编码", "金额（元）", "日期", "凭证号", "收款人", "用途")
	for i := range bulkRows {
		row(fmt.Sprintf("S-%06d", i), fmt.Sprintf("L%02d", i%100), fmt.Sprintf("%d.%02d", 1+i%500, i%100), "2023-10-31",
			fmt.Sprintf("支字2023-%06d号", i), fmt.Sprintf("岳阳市某某印务有限公司第%d分公司", i%997), fmt.Sprintf("第 %d 批办公用品采购款", i))
	}
}

func bulkCSV(testing.TB) []byte {
	var b bytes.Buffer
	payments(func(cells ...any) { fmt.Fprintf(&b, strings.Repeat("%s,", len(cells)-1)+"%s\n", cells...) })
	return b.Bytes()
}

func bulkXLSX(t testing.TB) []byte {
	t.Helper()
	book := excelize.NewFile()
	defer book.Close()
	out, err := book.NewStreamWriter("Sheet1")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	payments(func(cells ...any) {
		n++
		if err := out.SetRow(fmt.Sprintf("A%d", n), cells); err != nil {
			t.Fatal(err)
		}
	})
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := book.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// peak measures the largest heap while it runs, over what was there before.
func peak(while func()) uint64 {
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var most atomic.Uint64
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for tick := time.NewTicker(20 * time.Millisecond); ; {
			select {
			case <-stop:
				tick.Stop()
				return
			case <-tick.C:
				runtime.ReadMemStats(&now)
				most.Store(max(most.Load(), now.HeapAlloc))
			}
		}
	}()
	while()
	close(stop)
	<-stopped
	return most.Load() - min(most.Load(), before.HeapAlloc)
}

// maxImportHeap bounds the heap that the largest file may take while it is
// read, decided and recorded, with what the collector has not got to yet and
// the log in memory itself.
const maxImportHeap = 512 << 20

// TestTheLargestFile goes through a real recorder; it does not run
// beside other tests, since it measures memory.
func TestTheLargestFile(t *testing.T) {
	for name, body := range map[string][]byte{"支付.csv": bulkCSV(t), "支付.xlsx": bulkXLSX(t)} {
		t.Run(name, func(t *testing.T) {
			world := open(t)
			world.post(t, registers()...)
			for i := range 100 {
				world.post(t, opened(fmt.Sprintf("L%02d", i), "2023", "1000000.00")...)
			}
			desk := world.desk(t)
			var dry, recorded, again intake.Report
			var took [3]time.Duration
			heap := peak(func() {
				began := time.Now()
				dry = send(t, desk, name, body, intake.Options{DryRun: true})
				took[0], began = time.Since(began), time.Now()
				p, err := desk.Record(t.Context(), dry.ID, root)
				recorded = follow(t, desk, p, err)
				took[1], began = time.Since(began), time.Now()
				if name == "支付.xlsx" {
					again = send(t, desk, name, body, intake.Options{})
					took[2] = time.Since(began)
				}
			})
			wantCounts(t, dry.Progress, bulkRows, 0, 0)
			wantCounts(t, recorded.Progress, bulkRows, 0, 0)
			if again.Rows != nil {
				wantCounts(t, again.Progress, 0, bulkRows, 0)
			}
			wantLast(t, world, 202+bulkRows)
			t.Logf("%d bytes: read and decided in %v, recorded in %v, again in %v, at most %d MB of heap", len(body), took[0], took[1], took[2], heap>>20)
			if heap > maxImportHeap {
				t.Errorf("%d MB of heap", heap>>20)
			}
		})
	}
}
